import { describe, expect, it } from 'vitest'
import { PlaceAsker } from './place-asker.ts'

/** A primary on which time passes with each question, answered by hand. */
function askedPrimary() {
  const answers: ((lsn: number | Error) => void)[] = []
  const asker = new PlaceAsker(
    async () =>
      await new Promise((resolve, reject) =>
        answers.push(answer => (typeof answer === 'number' ? resolve({ timeline: 1, lsn: answer }) : reject(answer))),
      ),
  )
  return { answers, asker }
}

describe('the place asked after a commit', () => {
  it('is of a question that began after the asking, shared by all who asked meanwhile', async () => {
    const { answers, asker } = askedPrimary()
    const first = asker.ask()
    const others = [asker.ask(), asker.ask(), asker.ask()]
    expect(answers).toHaveLength(1)
    answers[0]!(10)
    expect((await first).lsn).toBe(10)
    await expect.poll(() => answers.length).toBe(2)
    const late = asker.ask()
    answers[1]!(20)
    expect((await Promise.all(others)).map(({ lsn }) => lsn)).toEqual([20, 20, 20])
    await expect.poll(() => answers.length).toBe(3)
    answers[2]!(30)
    expect((await late).lsn).toBe(30)
  })

  it('is asked again after a question that failed', async () => {
    const { answers, asker } = askedPrimary()
    const first = asker.ask()
    const second = asker.ask()
    answers[0]!(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    await expect.poll(() => answers.length).toBe(2)
    answers[1]!(20)
    expect((await second).lsn).toBe(20)
  })
})
