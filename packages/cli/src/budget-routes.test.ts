import { describe, expect, it } from 'vitest'
import { checkBudgetRoutes, type KnownRoutes } from './budget-routes.ts'

const workload: KnownRoutes['workload'] = {
  routes: [{ route: 'GET /orders/:id', weight: 1, requests: [] }],
  skipped: [{ route: 'POST /orders', why: 'it changes data', give: '--request' }],
}
const known: KnownRoutes = { workload, declared: ['GET /orders/:id', 'GET /items'], narrowed: true }
const limit = { p95Ms: 100 }

describe('budgets of routes', () => {
  it.each(['*', 'GET /orders/:id', 'POST /orders', 'GET /items'])('%s is one', route =>
    expect(() => checkBudgetRoutes({ [route]: limit }, known)).not.toThrow(),
  )

  it('names the nearest route of a mistyped one', () =>
    expect(() => checkBudgetRoutes({ 'GET /order/:id': limit }, known)).toThrow(
      "budgets: the service has no route 'GET /order/:id'. Did you mean 'GET /orders/:id'?",
    ))

  it('says nothing where the user named some routes and the others are not known', () => {
    const named = { ...known, declared: [] }
    expect(() => checkBudgetRoutes({ 'GET /stock': limit }, named)).not.toThrow()
    expect(() => checkBudgetRoutes({ 'GET /stock': limit }, { ...named, narrowed: false })).toThrow('GET /stock')
  })
})
