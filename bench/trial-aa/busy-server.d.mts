/** What the server does for a request, so that its cost can be measured beforehand. */
export function spend(count: number): number
