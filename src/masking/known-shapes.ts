import { isFields } from "../text/json-fields.js";
import type { Secret } from "./secret.js";
import { valueStrength } from "./secret-values.js";

const RULE = "@secretlint/secretlint-rule-";

/**
 * An account's number is no secret; the rule for AWS looks for it together with the ids of access keys. Private keys
 * and addresses are found by our own rules: those of secretlint take what stands between for a part of them.
 */
const LEFT_ALONE: ReadonlySet<string> = new Set(
  "AWSAccountID PrivateKey BasicAuth MongoDBConnection MySQLConnection PostgreSQLConnection".split(" "),
);

/** Rules name what they found in capitals (KEY, TOKEN, ID, URI); beside it may stand words about it. */
const FINDING = /^[A-Z_]+$/;

/**
 * Tokens whose shape tells what they are: those of the rules that secretlint recommends (AWS, GitHub, npm, Slack,
 * OpenAI, Anthropic, and others).
 *
 * @param places where something that they find may begin, ascending: where nothing does, they are not asked
 * @returns what was found, as it stands in the text
 */
export async function findKnownShapes(text: string, places: readonly number[]): Promise<readonly Secret[]> {
  const found: Secret[] = [];
  let next = 0;
  // The rules take quadratic time in how much they find in one text.
  for (let from = 0; from < text.length; from += WINDOW) {
    while ((places[next] ?? Infinity) < from) next += 1;
    if ((places[next] ?? Infinity) >= from + WINDOW + OVERLAP) continue;
    const window = text.slice(from, from + WINDOW + OVERLAP);
    // What a colour or an escaped line break stands before begins a word all the same.
    found.push(...(await findIn(window.replace(ANSI, " ").replace(ESCAPED, " "))));
  }
  return found;
}

const ANSI = /\u001b\[[0-9;]*[A-Za-z]/g;
const ESCAPED = /(?<!\\)\\{1,64}(?:[nrtbf]|u00[0-9a-f]{2})/gi;

const COMMENTS = /secretlint-(?=disable|enable)/gi;

const WINDOW = 100_000;
/** Longer than any token. */
const OVERLAP = 4_000;

async function findIn(text: string): Promise<readonly Secret[]> {
  // Loading the rules takes longer than most commands take to run.
  const [{ lintSource }, { creator }, { secretLintProfiler }] = await Promise.all([
    import("@secretlint/core"),
    import("@secretlint/secretlint-rule-preset-recommend"),
    import("@secretlint/profiler"),
  ]);
  // It keeps each mark for good, and looks through all at each new one: a process that masks often would slow down.
  secretLintProfiler.mark = () => undefined;
  // Comments that switch rules off are for the authors of a file; here the text is whatever an agent has read.
  const content = text.replace(COMMENTS, "secretlint_");
  const aws = { id: `${RULE}aws`, options: { enableIDScanRule: true } };
  const recommended = { id: `${RULE}preset-recommend`, rule: creator, rules: [aws] };
  const { messages } = await lintSource({
    source: { filePath: "session.txt", content, ext: ".txt", contentType: "text" },
    options: { noPhysicFilePath: true, config: { rules: [recommended] } },
  });
  // The places that the rules report are not exact for all of them, what they found is.
  return messages.flatMap(({ messageId, data }) =>
    LEFT_ALONE.has(messageId)
      ? []
      : Object.entries(isFields(data) ? data : {}).flatMap(([field, found]): Secret[] =>
          FINDING.test(field) && typeof found === "string" && valueStrength(found) > 0
            ? [{ text: found, label: messageId }]
            : [],
        ),
  );
}
