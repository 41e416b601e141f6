/** How the lines of a recording begin. */
const REQUEST = /^\{"t":"request","n":(\d+),"at":[\d.]+,"session":(?:null|"([^"]*)"),"parent":(?:null|"([^"]*)")/;
const NUMBERED = /^\{"t":"[a-z]+","n":(\d+),/;
const TOOL = /^\{"t":"tool","session":"([^"]*)"/;

/**
 * The lines of a recording that are about some sessions and those below them, and what is said of the whole recording.
 * Nothing is parsed: a line holds what a model was asked, and there may be thousands.
 *
 * @param sessionIds none are all
 * @param unnamed whether a request that names no session is theirs
 */
export function linesOfSessions(text: string, sessionIds: Iterable<string>, unnamed: boolean): string {
  const wanted = new Set(sessionIds);
  if (wanted.size === 0) return text;
  const taken = new Set<string>();
  return text
    .split(/(?<=\n)/)
    .filter((line) => {
      const [isRequest, number = "", session, parent] = REQUEST.exec(line) ?? [];
      if (isRequest !== undefined) {
        if (session !== undefined && parent !== undefined && wanted.has(parent)) wanted.add(session);
        if (session === undefined ? unnamed : wanted.has(session)) taken.add(number);
        return taken.has(number);
      }
      const of = NUMBERED.exec(line)?.[1];
      if (of !== undefined) return taken.has(of);
      const session2 = TOOL.exec(line)?.[1];
      return session2 === undefined || wanted.has(session2);
    })
    .join("");
}
