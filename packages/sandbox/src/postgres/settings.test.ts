import { expect, it } from 'vitest'
import { serverSettings, settingArguments } from './settings.ts'

it('loads what gives evidence, and skips the disk', () => {
  expect(serverSettings(20_001, {})).toMatchObject({
    shared_preload_libraries: 'pg_stat_statements,auto_explain',
    fsync: 'off',
    full_page_writes: 'off',
    port: '20001',
  })
})

it('waits for the disk when durable', () => {
  expect(serverSettings(20_001, { durable: true })).not.toHaveProperty('fsync')
})

it("lets the caller's settings win, but never opens the server to other machines", () => {
  const settings = { work_mem: '64MB', jit: 'on', listen_addresses: '*', port: '1' }
  expect(serverSettings(20_001, { settings })).toMatchObject({
    work_mem: '64MB',
    jit: 'on',
    listen_addresses: '127.0.0.1',
    port: '20001',
  })
})

it('passes each setting as one argument, whatever is in it', () => {
  expect(settingArguments({ search_path: '"a b", c' })).toEqual(['-c', 'search_path="a b", c'])
})
