import { built } from "./built.js";
import { alternate, type Comparison } from "./measure.js";
import type { ExportSize, Plan } from "./sizes.js";
import { syntheticSession } from "./synthetic-session.js";

const { assembleSessions, maskFor, maskFound, readExport, traceSession } = built;

/** No variable of it is secret. */
const MASKING = { environment: {} };

/**
 * Looking for secrets in a session and masking them, as before each sending and keeping, against JSON.parse of its
 * exports; and all that `trace` and `show` do until there are traces.
 */
export async function compareMasking({ exports }: Plan): Promise<readonly Comparison[]> {
  const measured: Comparison[] = [];
  for (const size of exports) measured.push(...(await compareSize(size)));
  return measured;
}

async function compareSize({ megabytes, rounds, warmUp, longestOutput }: ExportSize): Promise<readonly Comparison[]> {
  const { exports, bytes } = syntheticSession(megabytes * 1e6, 1, longestOutput);
  const parsed = exports.map((text): unknown => JSON.parse(text));
  const bare = () => exports.map((text): unknown => JSON.parse(text));
  const alone = async () => (await maskFor([parsed], MASKING))(parsed);
  const whole = async () => {
    const sessions = exports.map((text, index) => readExport(text, `export ${index}`));
    const masked = await maskFound({ sessions, logText: "", runs: [] }, MASKING);
    return assembleSessions(masked.sessions).flatMap((tree) => traceSession(tree));
  };
  const name = `${megabytes} MB${longestOutput === undefined ? "" : " of short outputs"} (bare: JSON.parse)`;
  const row = async (what: string, looptrace: () => unknown): Promise<Comparison> => {
    const figures = await alternate({ looptrace, bare }, rounds, warmUp);
    const speed = bytes / 1e6 / (figures.looptrace / 1000);
    return { name: `${what}, ${name}`, unit: "ms", ...figures, rounds, note: `${speed.toFixed(0)} MB/s` };
  };
  return [await row("secrets found and masked", alone), { ...(await row("export → masked trace", whole)), aim: 4 }];
}
