/** A model as opencode 2 names it. */
export interface ModelRef2 {
  readonly providerID: string;
  readonly id: string;
  readonly variant?: string;
}

/**
 * @param name `provider/model`, or `provider/model#variant`
 * @param variant what was asked for beside the name; it counts more than the one in it
 */
export function modelRef(name: string, variant: string | undefined): ModelRef2 {
  const [, providerID = "", id = "", own] = /^([^/]*)\/(.*?)(?:#([^#]*))?$/s.exec(name) ?? [];
  const chosen = variant ?? (own || undefined);
  return { providerID, id, ...(chosen === undefined ? {} : { variant: chosen }) };
}
