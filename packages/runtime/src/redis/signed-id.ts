/** Session ids that nobody can make up: random, and signed, so that a guess costs no question to the store. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** 192 bits; OWASP asks for 64 of entropy at least. */
const idBytes = 24
/** HMAC-SHA-256 cut to 128 bits. */
const signatureLength = 22
const shortestSecret = 32

export class SignedIds {
  readonly #secrets: readonly string[]

  /** @param secrets the first signs, all are believed: a new one goes in front, the old one out when its sessions are over. @throws RangeError for a secret below 32 characters, or none */
  constructor(secrets: readonly string[]) {
    if (secrets.length === 0 || secrets.some(secret => secret.length < shortestSecret))
      throw new RangeError(`ids are signed with secrets of at least ${shortestSecret} characters`)
    this.#secrets = secrets
  }

  make(): string {
    const id = randomBytes(idBytes).toString('base64url')
    return `${id}.${signature(id, this.#secrets[0]!)}`
  }

  isOurs(token: string): boolean {
    const at = token.indexOf('.')
    const [id, given] = [token.slice(0, at), Buffer.from(token.slice(at + 1))]
    if (at < 0 || given.length !== signatureLength) return false
    return this.#secrets.some(secret => timingSafeEqual(given, Buffer.from(signature(id, secret))))
  }
}

function signature(id: string, secret: string): string {
  return createHmac('sha256', secret).update(id).digest('base64url').slice(0, signatureLength)
}

/** Whoever reads the store must not be able to take over what is in it. */
export function storedName(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}
