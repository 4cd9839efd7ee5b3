/** Announces what frameworks that register lazily have gathered: when the server listens, and with each batch for what came later. */
import { announceExpressRoutes } from './express.ts'
import { announceKoaRoutes } from './koa.ts'

export function announceRoutes(): void {
  announceExpressRoutes()
  announceKoaRoutes()
}
