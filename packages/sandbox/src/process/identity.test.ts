import { describe, expect, it } from 'vitest'
import { chooseUnprivileged, unprivilegedIdentity } from './identity.ts'

const debian =
  'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n'

describe('the user that servers run as', () => {
  it('is ourselves when we are not root', () => {
    expect(unprivilegedIdentity(1000, () => debian)).toBeUndefined()
  })

  it('is uid 65534 with its own group when we are root', () => {
    expect(unprivilegedIdentity(0, () => debian)).toEqual({ uid: 65_534, gid: 65_533 })
  })

  it('is the best known service account where 65534 is missing', () => {
    expect(chooseUnprivileged('root:x:0:0::/:\nann:x:1000:1000::/:\nnobody:x:99:98::/:\npostgres:x:70:70::/:')).toEqual(
      { uid: 99, gid: 98 },
    )
    expect(chooseUnprivileged('root:x:0:0::/:\nann:x:1000:1001::/:')).toEqual({ uid: 1000, gid: 1001 })
  })

  it('is never root, and a machine with nobody else is told so', () => {
    const broken = '\n# a comment\nroot:x:0:0::/:\nhalf:x:\n'
    expect(chooseUnprivileged(broken)).toBeUndefined()
    expect(() => unprivilegedIdentity(0, () => broken)).toThrow(
      'PostgreSQL refuses to run as root, and /etc/passwd has no other user',
    )
  })
})
