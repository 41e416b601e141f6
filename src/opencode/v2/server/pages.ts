import { ServerRequestError } from "../../../errors/server-request-error.js";
import { MOST_MESSAGES_BYTES } from "../../server/connection.js";
import type { DataAnswer, RequestOptions } from "./request.js";

/** So many are asked for at once: the most that a server gives. */
const PAGE = 200;
/** So many a server gives where nobody says how many; on a page with fewer there is all that there is. */
const USUAL_PAGE = 50;
/** With 200 on each they hold more than any store. */
const MOST_PAGES = 10_000;

/**
 * What a server of opencode 2 gives in pages, one page after the other. It says that there is a next page also where
 * nothing stands on that, behind a short one say, which is not asked for.
 *
 * @param ask asks for one page
 * @param query of the first page; the others are asked for by their cursor alone, which holds it
 * @throws what `ask` throws
 * @throws {ServerRequestError} when the pages do not come to an end
 */
export async function* pages(
  ask: (query: NonNullable<RequestOptions["query"]>) => Promise<DataAnswer>,
  query: NonNullable<RequestOptions["query"]>,
): AsyncGenerator<readonly unknown[]> {
  const seen = new Set<string>();
  let size = 0;
  let next: NonNullable<RequestOptions["query"]> = query;
  for (let asked = 0; asked < MOST_PAGES; asked += 1) {
    const answer = await ask({ ...next, limit: PAGE });
    if (!Array.isArray(answer.data)) throw endless("it is no list");
    const page: readonly unknown[] = answer.data;
    if (page.length === 0) return;
    size += answer.length;
    if (size > MOST_MESSAGES_BYTES) throw endless(`it is longer than ${MOST_MESSAGES_BYTES / 1024 / 1024} MB`);
    yield page;
    if (answer.next === undefined || page.length < USUAL_PAGE) return;
    if (seen.has(answer.next)) throw endless("its pages repeat themselves");
    seen.add(answer.next);
    next = { cursor: answer.next };
  }
  throw endless("it has no end");
}

function endless(why: string): ServerRequestError {
  return new ServerRequestError("give a list", why, undefined);
}
