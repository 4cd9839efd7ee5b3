/** The server settings of a sandbox: loopback only, evidence extensions loaded, and no waiting for a disk whose content nobody will miss. */

export interface SettingsOptions {
  /** Any PostgreSQL setting, by its name; overrides ours. */
  readonly settings?: Readonly<Record<string, string>>
  /** True keeps fsync and full_page_writes on, as a production server would have them. Default false. */
  readonly durable?: boolean
}

const evidence: Readonly<Record<string, string>> = {
  shared_preload_libraries: 'pg_stat_statements,auto_explain',
  track_io_timing: 'on',
  track_activity_query_size: '16kB',
}

const throwaway: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  // Without it a bulk load of a demo table forces a checkpoint every 1 GB of log; the folder is removed in the end anyway.
  wal_level: 'replica',
  max_wal_size: '4GB',
}

export function serverSettings(port: number, options: SettingsOptions): Readonly<Record<string, string>> {
  return {
    ...evidence,
    ...(options.durable ? {} : throwaway),
    // Built without LLVM: "on" would only be a figure that misleads.
    jit: 'off',
    ...options.settings,
    // Last, because a sandbox is never reachable from another machine.
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
  }
}

/** `-c name=value` for each; the command line wins over the files of a data directory, and nothing has to be written into it. */
export function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
