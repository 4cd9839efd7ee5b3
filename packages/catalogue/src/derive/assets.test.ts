import { expect, test } from 'vitest'
import { isNamedByContent } from './assets.ts'

test.each([
  '/assets/app.3f9a1c2b.js',
  '/assets/index-BX3kd9aQ.css',
  '/chunk-5X7QYPCV.js',
  '/_next/static/chunks/main-3f9a1c2b3d4e5f60.js',
  '/assets/application-908e25f4bf641868d8683022a5b62f54a1b2c3d4e5f60718293a4b5c6d7e8f90.css',
  '/logo.png?v=5d41402a',
  '/static/js/2.a1b2c3d4.chunk.js',
])('%s is named by its content', url => expect(isNamedByContent(url)).toBe(true))

test.each([
  '/app.js',
  '/jquery-3.6.0.min.js',
  '/bootstrap-datepicker4.js',
  '/app-component.js',
  '/report-20261122.pdf',
  '/photos/IMG_20261122.jpg',
  '/products/3f9a1c2b',
  '/app.js?v=3',
  '/background.decade.png',
  '/app.js?session=3f9a1c2b',
])('%s is not', url => expect(isNamedByContent(url)).toBe(false))
