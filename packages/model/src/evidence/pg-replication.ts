/** Who copies this server, or whom it copies, and what is kept for copies that do not come to fetch it. */
export interface PgReplication {
  /** True when this server is a standby itself, and takes no writes. */
  readonly recovering: boolean
  /** Of a standby that has something to replay, and has replayed a commit before; by the two servers' clocks. */
  readonly replayLagMs?: number
  readonly standbys: readonly PgStandby[]
  /** Those that outlive their connection. */
  readonly slots: readonly PgSlot[]
}

/** A standby that is connected; one that should be and is not shows as an inactive slot at most. */
export interface PgStandby {
  readonly name: string
  readonly state: 'startup' | 'catchup' | 'streaming' | 'backup' | 'stopping' | 'unknown'
  readonly commit: 'async' | 'potential' | 'sync' | 'quorum' | 'unknown'
  /** Log it has not replayed; absent where this role may not see it. */
  readonly lagBytes?: number
  /** Of the latest log that it confirmed; absent while nothing is written. */
  readonly lagMs?: number
}

export interface PgSlot {
  readonly name: string
  readonly kind: 'physical' | 'logical'
  readonly active: boolean
  /** `lost`: what it needed is gone, and whoever reads it has to be copied anew. */
  readonly log: 'reserved' | 'extended' | 'unreserved' | 'lost' | 'none'
  /** Log that is kept on disk because of it. */
  readonly keptBytes: number
  /** Since its last reader went; PostgreSQL 17 and later. */
  readonly inactiveMs?: number
}
