import { expect, it } from 'vitest'
import { privateConfig } from './apt.ts'

it('keeps how the machine reaches the network, and none of its hooks, indexes or languages', () => {
  const machine = [
    'APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";',
    'DPkg::Post-Invoke:: "true";',
    'Acquire "";',
    'Acquire::http::Proxy "http://proxy:3142";',
    'Acquire::IndexTargets::deb::DEP-11::MetaKey "$(COMPONENT)/dep11";',
    'Acquire::Languages "de";',
  ].join('\n')
  expect(privateConfig('/private', machine)).toMatchInlineSnapshot(`
    "Acquire::http::Proxy "http://proxy:3142";
    Dir::Etc::Main "/dev/null";
    Dir::Etc::Parts "/dev/null";
    Dir::State::Lists "/private/lists";
    Dir::State::extended_states "/private/extended_states";
    Dir::Cache "/private";
    Dir::Cache::Archives "/private/archives";
    Dir::Log "/dev/null";
    Debug::NoLocking "true";
    APT::Sandbox::User "root";
    Acquire::Languages "none";
    Acquire::Retries "2";
    Acquire::http::Timeout "20";
    Acquire::https::Timeout "20";
    "
  `)
})
