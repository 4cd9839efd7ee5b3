/** A command to the inspector of this very process, as a promise. */
import type { Session } from 'node:inspector'

export async function post(session: Session, method: string, parameters?: object): Promise<unknown> {
  return await new Promise((resolve, reject) =>
    session.post(method, parameters, (error, result) => (error ? reject(error) : resolve(result))),
  )
}
