import { describe, expect, it } from 'vitest'
import { beyondReach } from './position.ts'
import { Session } from './session.ts'

const at = (lsn: number) => ({ timeline: 1, lsn })

describe('a session', () => {
  it('wants nothing before it wrote', () => {
    expect(new Session().wanted).toBeUndefined()
  })

  it('wants the last of its writes, in whatever order their places become known', async () => {
    const session = new Session()
    let tell: (place: { timeline: number; lsn: number }) => void = () => undefined
    session.wrote(new Promise(resolve => (tell = resolve)))
    session.wrote(Promise.resolve(at(20)))
    const settling = session.settling
    tell(at(10))
    await settling
    expect(session.wanted).toEqual(at(20))
    expect(session.settling).toBeUndefined()
  })

  it('wants what no replica has when the place of a write could not be asked', async () => {
    const session = new Session()
    session.wrote(Promise.reject(new Error('gone')))
    await session.settling
    expect(session.wanted).toBe(beyondReach)
  })

  it('is content again with a place asked after that, and not with one asked before', async () => {
    const session = new Session()
    let tell: (place: { timeline: number; lsn: number }) => void = () => undefined
    session.wrote(new Promise(resolve => (tell = resolve)))
    session.wrote(Promise.reject(new Error('gone')))
    const settling = session.settling
    tell(at(10))
    await settling
    expect(session.wanted).toBe(beyondReach)
    session.wrote(Promise.resolve(at(30)))
    await session.settling
    expect(session.wanted).toEqual(at(30))
  })

  it('joins what the request before has seen, its ignorance included', () => {
    const session = new Session()
    session.saw(at(5))
    expect(session.wanted).toEqual(at(5))
    session.saw({ ...beyondReach })
    expect(session.wanted).toBe(beyondReach)
  })
})
