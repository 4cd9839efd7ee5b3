/** Which web framework the project uses, so that a remedy is written in its words. */
import type { SourceEvidence } from '@whetstone/model'

export type Framework = 'fastify' | 'express' | 'koa' | 'hono'

/** The framework a NestJS application runs on counts; `undefined` for plain `node:http` and when the source is not known. */
export function frameworkOf(source: SourceEvidence | undefined): Framework | undefined {
  const dependencies = source?.dependencies ?? {}
  if ('fastify' in dependencies || '@nestjs/platform-fastify' in dependencies) return 'fastify'
  if ('express' in dependencies || '@nestjs/platform-express' in dependencies) return 'express'
  if ('koa' in dependencies) return 'koa'
  return 'hono' in dependencies ? 'hono' : undefined
}
