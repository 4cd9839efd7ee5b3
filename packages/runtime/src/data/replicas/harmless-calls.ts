/** What may stand before a parenthesis in a statement for a replica: words of the language, types, and functions known to be harmless. */

/** Of the grammar: a parenthesis after them is a list, a subquery or a group. */
const language = `
  select from where and or not in any all some exists values as on using over within filter group by distinct union intersect except
  having order limit offset fetch case when then else between like ilike similar is row array cast lateral materialized rollup cube sets
  partition range rows groups join ordinality escape collate zone when end left right only window
`

const types = `
  char character varchar varying numeric decimal bit float time timetz timestamp timestamptz interval
`

/** Immutable or stable in pg_proc, of one session's state independent, and never user code. */
const functions = `
  abs age array_agg array_append array_cat array_dims array_length array_lower array_ndims array_position array_positions array_prepend
  array_remove array_replace array_to_json array_to_string array_upper ascii avg bit_and bit_or bit_length bool_and bool_or btrim
  cardinality cbrt ceil ceiling char_length character_length chr coalesce concat concat_ws corr cos count covar_pop covar_samp cume_dist
  date date_bin date_part date_trunc decode degrees dense_rank div encode every exp extract first_value floor format gcd greatest
  grouping initcap isempty isfinite json_agg json_array_elements json_array_elements_text json_array_length json_build_array
  json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object json_object_agg json_object_keys
  json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each
  jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists
  jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_typeof
  justify_days justify_hours lag last_value lcm lead least length ln log lower lower_inc lower_inf lpad ltrim make_date make_interval
  make_time make_timestamp make_timestamptz max md5 min mod mode now nth_value ntile nullif octet_length overlay percent_rank
  percentile_cont percentile_disc phraseto_tsquery pi plainto_tsquery position power quote_ident quote_literal radians range_agg
  range_merge rank regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
  regexp_split_to_table regexp_substr regr_slope repeat replace reverse round row_number row_to_json rpad rtrim scale sha256 sign sin
  split_part sqrt starts_with stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strpos substr substring sum tan
  to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector translate trim trim_array trim_scale trunc
  ts_headline ts_rank ts_rank_cd unnest upper upper_inc upper_inf var_pop var_samp variance websearch_to_tsquery width_bucket
  generate_series generate_subscripts
`

export const harmlessCalls: ReadonlySet<string> = new Set(
  [language, types, functions].flatMap(list => list.trim().split(/\s+/)),
)
