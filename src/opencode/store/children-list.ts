/** The sessions below each, by that one's id. */
type Children = ReadonlyMap<string, readonly string[]>;

/** What a plugin starts while thousands of sessions are read is found, and the command takes a hundredth of the time. */
const LISTED_FOR_MS = 300_000;

/**
 * Which sessions are below which, asked once for very many, and again when that is a while ago.
 *
 * @param now ms, from any moment on
 * @returns is given what asks, and tells how the children of a session are found; undefined where asking failed: a server
 *   can be asked for those of each
 */
export function childrenList(
  now: () => number = () => performance.now(),
): (list: () => Promise<Children>) => Promise<((id: string) => Promise<readonly string[]>) | undefined> {
  let listed: Promise<((id: string) => Promise<readonly string[]>) | undefined> | undefined;
  let againAt = Number.POSITIVE_INFINITY;
  return async (list) => {
    if (!listed || now() >= againAt) {
      againAt = Number.POSITIVE_INFINITY;
      listed = list()
        .then(
          (all) => async (id: string) => all.get(id) ?? [],
          () => undefined,
        )
        .finally(() => {
          againAt = now() + LISTED_FOR_MS;
        });
    }
    return await listed;
  };
}
