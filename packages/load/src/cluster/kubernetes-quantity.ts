/** Amounts as Kubernetes writes them, `500m` of a CPU or `512Mi` of memory, checked before a cluster refuses the manifest. */

const decimal = { n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 }
const binary = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 }
const suffixes: Readonly<Record<string, number>> = { ...decimal, ...binary }

/**
 * What a quantity comes to: CPUs, or bytes; `undefined` when it is none. Signs, suffixes and exponents are those of
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function kubernetesQuantity(text: string): number | undefined {
  const parts = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([A-Za-z]{0,2}))$/.exec(text)
  if (parts === null) return undefined
  const [, digits, exponent, suffix = ''] = parts
  if (exponent !== undefined) return Number(`${digits}e${exponent}`)
  return Object.hasOwn(suffixes, suffix) ? Number(digits) * suffixes[suffix]! : undefined
}
