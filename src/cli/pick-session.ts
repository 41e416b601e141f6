import type { Readable, Writable } from "node:stream";
import type { CatalogSession } from "../catalog/catalog.js";
import { shortIds } from "../catalog/short-ids.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { maskFor } from "../masking/mask.js";
import type { LoadOptions } from "../sessions/load-options.js";
import { sessionOutcome, titleText, whenOf } from "../terminal/paint-sessions.js";
import { whenText } from "../terminal/when-text.js";
import { shortenTo } from "../text/terminal-text.js";
import { nothingKept, whyNothing } from "./nothing-kept.js";
import { withKept } from "./open-kept.js";
import type { Terminal } from "./terminal.js";

const MOST_TITLE = 60;
const MOST_ROWS = 12;

/** Where keys are read and the list is drawn: results on stdout may go into a pipe all the same. */
export interface PickPlace {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
}

/**
 * Lets the person at the terminal choose one of the kept sessions, by typing parts of its title or its id.
 *
 * @throws {ConfigurationError} where there is no terminal, nothing is kept, or nothing was chosen
 */
export async function pickSession(
  load: LoadOptions,
  terminal: Terminal,
  place: PickPlace = { input: process.stdin, output: process.stderr },
): Promise<string> {
  const no = (why: string): ConfigurationError => new ConfigurationError("--pick", why);
  if (!place.input.isTTY || !place.output.isTTY)
    throw no("--pick asks on a terminal, and this is none.\nName a session instead: `looptrace ls` lists them.");
  const sessions = await withKept(load, terminal, async (catalog) => catalog.sessions());
  if (sessions.length === 0) throw no(nothingKept(whyNothing(terminal)));
  const options = await optionsOf(sessions, load);
  // Loaded only where it is used: it takes longer than most commands.
  const { autocomplete } = await import("@clack/prompts");
  const picked = await autocomplete({
    ...{ message: "Which session?", options, maxItems: MOST_ROWS, placeholder: "words of its title, or its id" },
    ...{ input: place.input, output: place.output },
    filter: (typed, { label = "", hint = "", value }) =>
      typed
        .toLowerCase()
        .split(/\s+/)
        .every((word) => `${label} ${hint} ${value}`.toLowerCase().includes(word)),
  });
  if (typeof picked === "string") return picked;
  throw no("No session was picked.");
}

async function optionsOf(sessions: readonly CatalogSession[], { masking }: Pick<LoadOptions, "masking">) {
  const shown = (await maskFor([sessions], masking))(sessions);
  const shortId = shortIds(shown.map(({ id }) => id));
  const now = Date.now();
  return shown.map((session) => ({
    value: session.id,
    label: shortenTo(titleText(session), MOST_TITLE),
    hint: `${sessionOutcome(session)} · ${whenText(whenOf(session), now)} · ${shortId(session.id)}`,
  }));
}
