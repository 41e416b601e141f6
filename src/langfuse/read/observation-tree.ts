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
    const looped = inCircles(byId);
    const inOrder = looped.size === 0 ? this.all : this.all.toSorted((a, b) => rank(a, looped) - rank(b, looped));
    for (const one of inOrder) {
      const parent = one.parentObservationId;
      // What stands below something else that was sent elsewhere is a root here, and so is what is below itself.
      const place = parent !== null && byId.has(parent) && !looped.has(one.id) ? parent : null;
      const siblings = this.#below.get(place);
      if (siblings) siblings.push(one);
      else this.#below.set(place, [one]);
    }
  }

  /** Those that nothing of the trace stands above; last those that stand below themselves. */
  get roots(): readonly Observation[] {
    return this.#below.get(null) ?? [];
  }

  /** Those right below one, by when they began. */
  below({ id }: Pick<Observation, "id">): readonly Observation[] {
    return this.#below.get(id) ?? [];
  }
}

/** Ids of those that stand below themselves, by way of others or not. A sender may say so, and Langfuse keeps it. */
function inCircles(byId: ReadonlyMap<string, Observation>): ReadonlySet<string> {
  const settled = new Set<string>();
  const circles = new Set<string>();
  for (const first of byId.keys()) {
    const way = new Set<string>();
    let id: string | null = first;
    while (id !== null && byId.has(id) && !settled.has(id) && !way.has(id)) {
      way.add(id);
      id = byId.get(id)?.parentObservationId ?? null;
    }
    if (id !== null && way.has(id)) for (const one of [...way].slice([...way].indexOf(id))) circles.add(one);
    for (const one of way) settled.add(one);
  }
  return circles;
}

function rank({ id }: Observation, looped: ReadonlySet<string>): number {
  return looped.has(id) ? 1 : 0;
}

function byStart(a: Observation, b: Observation): number {
  return a.startTime - b.startTime || (a.id < b.id ? -1 : 1);
}
