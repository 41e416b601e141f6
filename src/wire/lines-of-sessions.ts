/** How the lines of a recording begin. */
const REQUEST = /^\{"t":"request","n":(\d+),"at":[\d.]+,"session":(?:null|"([^"]*)"),"parent":(?:null|"([^"]*)")/;
const NUMBERED = /^\{"t":"[a-z]+","n":(\d+),/;
const TOOL = /^\{"t":"tool","session":"([^"]*)"/;

/** Whose lines of a recording are wanted. */
export interface WantedSessions {
  /** Those below them are found; none are all. */
  readonly sessionIds: Iterable<string>;
  /** Whether a request that names no session is theirs. */
  readonly unnamed: boolean;
}

/**
 * Tells of the lines of a recording, in their order, whether they are about some sessions and those below them, or about
 * the whole recording. Nothing is parsed: a line holds what a model was asked, and there may be thousands.
 *
 * @returns takes a line, or as much of its beginning as tells whose it is
 */
export function sessionLines({ sessionIds, unnamed }: WantedSessions): (line: string) => boolean {
  const wanted = new Set(sessionIds);
  if (wanted.size === 0) return () => true;
  const taken = new Set<string>();
  return (line) => {
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
  };
}

/** The lines of a recording that are about some sessions, those below them, or the whole recording. */
export function linesOfSessions(text: string, sessionIds: Iterable<string>, unnamed: boolean): string {
  return text
    .split(/(?<=\n)/)
    .filter(sessionLines({ sessionIds, unnamed }))
    .join("");
}
