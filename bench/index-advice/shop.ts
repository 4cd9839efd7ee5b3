/** The classical schema the cases ask about: customers, orders with lines, products, and the tables every service grows beside them. */

/** An even, fixed sequence of numbers below `limit`, one for each row, whatever the machine. */
const draw = (limit: number, salt: number): string => `(abs(hashint8extended(n, ${salt})) % ${limit})::int`

export const shop = `
create extension if not exists pg_trgm;
create function words(n bigint) returns text immutable language sql as $$
  select substr(md5(n::text), 1, 7) || ' ' || substr(md5((n * 31)::text), 1, 6) || ' ' || substr(md5((n * 17)::text), 1, 9) $$;

create table customers (id int primary key, email text not null, name text not null, country text not null, phone text,
  created_at timestamptz not null, last_login timestamptz, deleted_at timestamptz, suspended_at timestamptz);
insert into customers select n, 'User' || n || '@Example.org', words(n), 'c' || ${draw(20, 1)},
  case when n % 3 > 0 then '+49 ' || (100000 + n) end, '2024-01-01'::timestamptz + n * interval '20 min',
  case when n % 4 > 0 then '2025-01-01'::timestamptz + ${draw(30000, 2)} * interval '15 min' end,
  case when ${draw(100, 3)} < 3 then '2025-06-01'::timestamptz end,
  case when ${draw(1000, 4)} < 2 then '2025-07-01'::timestamptz end
  from generate_series(1, 20000) n;

create table products (id int primary key, sku text not null unique, name text not null, category_id int not null,
  price numeric not null, tags text[] not null, attributes jsonb not null, weight_g int not null);
insert into products select n, 'sku-' || n, words(n * 7), ${draw(50, 5)}, ${draw(90000, 6)} / 100.0,
  array['t' || ${draw(900, 7)}, 'u' || ${draw(700, 8)}],
  jsonb_build_object('colour', 'v' || ${draw(400, 9)}, 'size', ${draw(300, 10)}, 'maker', words(${draw(500, 11)}))
    || case when ${draw(1000, 12)} < 2 then '{"recall": true}' else '{}' end::jsonb, ${draw(5000, 13)}
  from generate_series(1, 20000) n;

create table orders (id int primary key, customer_id int not null references customers, status text not null,
  total numeric not null, created_at timestamptz not null, placed_on timestamp not null, note text not null);
insert into orders select n, 1 + ${draw(20000, 14)},
  case when ${draw(200, 15)} < 1 then 'pending' when ${draw(100, 16)} < 9 then 'cancelled' when ${draw(100, 17)} < 60 then 'paid' else 'shipped' end,
  ${draw(1000000, 18)} / 100.0, '2024-01-01'::timestamptz + n * interval '5 min', '2024-01-01'::timestamp + n * interval '5 min', repeat('n', 30)
  from generate_series(1, 60000) n;

create table order_items (id int primary key, order_id int not null references orders, product_id int not null references products,
  quantity int not null, price numeric not null);
insert into order_items select n, 1 + ${draw(60000, 19)}, 1 + ${draw(20000, 20)}, 1 + ${draw(9, 21)}, ${draw(9000, 22)} / 100.0
  from generate_series(1, 80000) n;

create table payments (id int primary key, account_id int not null, amount int not null, method text not null, paid_at timestamptz not null,
  memo text not null);
insert into payments select n, ${draw(400, 23)}, ${draw(10000, 24)}, 'm' || ${draw(4, 25)},
  '2024-01-01'::timestamptz + n * interval '4 min', repeat('m', 60) from generate_series(1, 50000) n;

create table events (id int primary key, account_id int not null, kind text not null, payload jsonb not null, ip inet not null,
  created_at timestamptz not null, body text not null);
insert into events select n, ${draw(500, 26)}, 'k' || ${draw(12, 27)},
  jsonb_build_object('order', 'o' || ${draw(30000, 28)}, 'amount', ${draw(100000, 29)}), ('10.0.0.0'::inet + ${draw(40000, 30)}),
  '2025-01-01'::timestamptz + n * interval '1 min', repeat('b', 90) from generate_series(1, 50000) n;

create table jobs (id int primary key, queue text not null, state text not null, priority int not null, run_at timestamptz not null,
  locked_by text, attempts int not null, payload text not null);
insert into jobs select n, 'q' || ${draw(5, 31)}, case when ${draw(100, 32)} < 1 then 'queued' else 'done' end, ${draw(10, 33)},
  '2025-01-01'::timestamptz + ${draw(500000, 34)} * interval '1 min', case when ${draw(1000, 35)} < 1 then 'w' || ${draw(5, 36)} end, ${draw(3, 37)}, repeat('p', 70)
  from generate_series(1, 60000) n;

create table messages (id int primary key, sender_id int not null, recipient_id int not null, read boolean not null,
  sent_at timestamptz not null, body text not null);
insert into messages select n, ${draw(400, 38)}, ${draw(400, 39)}, ${draw(100, 40)} >= 2, '2025-01-01'::timestamptz + ${draw(400000, 41)} * interval '1 min',
  repeat('t', 70) from generate_series(1, 50000) n;

create table documents (id int primary key, title text not null, body text not null, owner_id int not null);
insert into documents select n, words(n * 3), words(n) || ' ' || words(n * 5) || ' ' || words(n * 11) || ' the common word', ${draw(2000, 42)}
  from generate_series(1, 12000) n;

create table settings (id int primary key, key text not null, value text not null);
insert into settings select n, 'key-' || n, words(n) from generate_series(1, 200) n;

create table readings (id bigserial primary key, device_id int not null, at timestamptz not null, value int not null);
insert into readings (device_id, at, value) select ${draw(300, 43)}, '2025-01-01'::timestamptz + n * interval '10 s', ${draw(1000, 44)}
  from generate_series(1, 60000) n;
vacuum analyze`
