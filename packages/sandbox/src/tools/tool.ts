/** The programs the sandbox can bring, one line each: what it is called on a PATH and which Debian package holds it. */

export interface ToolRecipe {
  /** Names to look for on the PATH, best first. */
  readonly commands: readonly string[]
  /** Path of a program of your own. */
  readonly variable: string
  /** Debian packages; what they depend on comes along. */
  readonly packages: readonly string[]
  /** Where the program lies inside those packages. */
  readonly inPackage: string
}

export const toolRecipes = {
  'redis-server': {
    commands: ['redis-server'],
    variable: 'WHETSTONE_REDIS_SERVER',
    packages: ['redis-server'],
    inPackage: 'usr/bin/redis-server',
  },
  'nats-server': {
    commands: ['nats-server'],
    variable: 'WHETSTONE_NATS_SERVER',
    packages: ['nats-server'],
    inPackage: 'usr/sbin/nats-server',
  },
  memcached: {
    commands: ['memcached'],
    variable: 'WHETSTONE_MEMCACHED',
    packages: ['memcached'],
    inPackage: 'usr/bin/memcached',
  },
  nginx: { commands: ['nginx'], variable: 'WHETSTONE_NGINX', packages: ['nginx'], inPackage: 'usr/sbin/nginx' },
  pgbouncer: {
    commands: ['pgbouncer'],
    variable: 'WHETSTONE_PGBOUNCER',
    packages: ['pgbouncer'],
    inPackage: 'usr/sbin/pgbouncer',
  },
  prometheus: {
    commands: ['prometheus'],
    variable: 'WHETSTONE_PROMETHEUS',
    packages: ['prometheus'],
    inPackage: 'usr/bin/prometheus',
  },
  ab: { commands: ['ab'], variable: 'WHETSTONE_AB', packages: ['apache2-utils'], inPackage: 'usr/bin/ab' },
  wrk: { commands: ['wrk'], variable: 'WHETSTONE_WRK', packages: ['wrk'], inPackage: 'usr/bin/wrk' },
  // Not usr/bin/chromium: that is a script which reads /etc of the machine.
  chromium: {
    commands: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    variable: 'WHETSTONE_CHROMIUM',
    packages: ['chromium', 'fonts-dejavu-core'],
    inPackage: 'usr/lib/chromium/chromium',
  },
} as const satisfies Record<string, ToolRecipe>

export type ToolName = keyof typeof toolRecipes

export interface ToolBinary {
  readonly kind: 'binary'
  readonly name: ToolName
  readonly path: string
  /** Variables the program needs, on top of ours; empty unless it came from packages. */
  readonly env: Readonly<Record<string, string>>
  readonly source: 'variable' | 'path' | 'apt'
}

/** A check that needs the tool is reported as not run, with this reason; never as passed. */
export interface NotAvailable {
  readonly kind: 'not-available'
  readonly name: ToolName
  /** Begins with "needs <tool>:" and says what was tried. */
  readonly reason: string
}
