import type { Observation } from "../api/observation.js";

/** The observations of one trace, each once, by what they stand below. */
export class ObservationTree {
  readonly #below = new Map<string | null, Observation[]>();
  /** Each once, the first that began first. */
  readonly all: readonly Observation[];
  /** Ids of those that the server has more than once: it has not merged what came twice, or never will. */
  readonly doubled: readonly string[];

  /** @param found as the server gave them; of one that it has twice the one that was written last counts */
  constructor(found: readonly Observation[]) {
    const byId = new Map<string, Observation>();
    const doubled = new Set<string>();
    for (const one of found) {
      const known = byId.get(one.id);
      if (known) doubled.add(one.id);
      if (!known || (one.updatedAt ?? 0) > (known.updatedAt ?? 0)) byId.set(one.id, one);
    }
    this.all = [...byId.values()].sort(byStart);
    this.doubled = [...doubled];
    for (const one of this.all) {
      const parent = one.parentObservationId;
      // What stands below something else that was sent elsewhere is a root here.
      const place = parent !== null && byId.has(parent) && parent !== one.id ? parent : null;
      const siblings = this.#below.get(place);
      if (siblings) siblings.push(one);
      else this.#below.set(place, [one]);
    }
  }

  /** Those that nothing of the trace stands above. */
  get roots(): readonly Observation[] {
    return this.#below.get(null) ?? [];
  }

  /** Those right below one, by when they began. */
  below({ id }: Pick<Observation, "id">): readonly Observation[] {
    return this.#below.get(id) ?? [];
  }
}

function byStart(a: Observation, b: Observation): number {
  return a.startTime - b.startTime || (a.id < b.id ? -1 : 1);
}
