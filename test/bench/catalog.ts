/**
 * What the index of the kept sessions brings: to list them, to search all their texts and to sum them up, each in a
 * process of its own as a command does, against reading the sessions again.
 */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtModule } from "./built.js";
import { type Comparison, median } from "./measure.js";
import { runNode } from "./processes.js";
import { createRandom } from "./random.js";
import type { Plan } from "./sizes.js";
import { syntheticSession } from "./synthetic-session.js";

/** What each of them holds, in bytes of its export, and the files that a run leaves beside it. */
const BYTES = 30_000;
const BESIDE = ["log", "run-1795234042567-0-0.json", "run-1795234042567-0-0.log", "mcp-0123456789abcdef.json"];

/** A made-up id in the texts, which occurs in one session. */
const RARE = "econnrefused_by_the_bench";

/** Of so many sessions one is read again: the others would take as long. */
const SAMPLE = 20;

const ANSWERS: Readonly<Record<string, string>> = {
  "the list": "catalog.sessions().length",
  "search for a rare word": `(await catalog.search(${JSON.stringify(RARE)})).size`,
  "search for two common words": `(await catalog.search("session timeout")).size`,
  "totals by day, as `stats` adds them up":
    'statsOfTables(await catalog.turns(), { by: ["day"], calendar: calendarOf("UTC") }).total.tokens',
  "the facts of all": "(await catalog.facts()).length",
};

/** Prints how many ms an answer took from the first look at the index on, and the answer. */
const script = (root: string, answer: string): string => `
  const { Catalog } = ${builtModule("catalog/catalog")};
  const { storePathsAt } = ${builtModule("files/store-paths")};
  const { statsOfTables } = ${builtModule("analysis/stats/stats-report")};
  const { calendarOf } = ${builtModule("analysis/stats/calendar")};
  const start = performance.now();
  const catalog = await Catalog.open({ paths: storePathsAt(${JSON.stringify(root)}), masking: {}, environment: process.env });
  await catalog.refresh();
  const answer = ${answer};
  const ms = performance.now() - start;
  await catalog.close();
  console.log(JSON.stringify([ms, answer]));`;

/** The same for reading some of the sessions as the index does. */
const rereading = (root: string): string => `
  const { readKept } = ${builtModule("catalog/read-kept")};
  const { lookAtStore } = ${builtModule("catalog/look")};
  const { storePathsAt } = ${builtModule("files/store-paths")};
  const paths = storePathsAt(${JSON.stringify(root)});
  const start = performance.now();
  const { files } = await lookAtStore(paths);
  const looked = performance.now() - start;
  let read = 0;
  for (const id of [...files.keys()].filter((_, index) => index % ${SAMPLE} === 0)) {
    await readKept(id, files, { paths, masking: {}, environment: process.env });
    read += 1;
  }
  console.log(JSON.stringify([looked + ((performance.now() - start - looked) / read) * files.size, read]));`;

export async function compareCatalog({ keptSessions, keptRounds }: Plan): Promise<readonly Comparison[]> {
  const root = await mkdtemp(join(tmpdir(), "looptrace-bench-"));
  try {
    await keepSessions(root, keptSessions);
    // The folder's times tell of later changes only once the file system's clock has ticked.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [built = 0] = run(script(root, "0"), root);
    const bytes = await bytesIn(join(root, "catalog"));
    const bare = Array.from({ length: Math.min(3, keptRounds) }, () => run(rereading(root), root)[0] ?? 0);
    return Object.entries(ANSWERS).map(([name, answer]) => {
      const took = Array.from({ length: keptRounds }, () => run(script(root, answer), root));
      const looptrace = median(took.map(([ms = 0]) => ms));
      return {
        name: `${name}, ${keptSessions} kept sessions (bare: read again, reckoned from every ${SAMPLE}th)`,
        unit: "ms" as const,
        looptrace,
        bare: median(bare),
        ratio: looptrace / median(bare),
        rounds: keptRounds,
        note: `answer ${took[0]?.[1]}; index ${(bytes / 1e6).toFixed(0)} MB, made in ${(built / 1000).toFixed(1)} s`,
      };
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function run(text: string, home: string): readonly number[] {
  const env = { PATH: process.env.PATH, HOME: home };
  return JSON.parse(runNode(["--input-type=module", "-e", text], env)) as readonly number[];
}

/** Sessions with texts of their own: of each some words occur nowhere else. */
export async function keepSessions(root: string, count: number): Promise<void> {
  const folder = join(root, "sessions");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const random = createRandom(7);
  const own = (): string => random.whole(0, 2 ** 47).toString(36);
  const kinds = Array.from(
    { length: Math.min(100, count) },
    (_, seed) => syntheticSession(BYTES, 1 + seed).exports[0] ?? "",
  );
  for (let made = 0; made < count; made += 1) {
    const text = kinds[made % kinds.length] ?? "";
    const session = JSON.parse(text) as { readonly info: { readonly id: string } };
    const id = `${session.info.id.slice(0, 16)}${String(made).padStart(14, "0")}`;
    const rare = made === Math.floor(count / 2) ? RARE : "request";
    const mine = text.replaceAll(session.info.id, id).replace(/\brequest\b/, rare);
    await writeFile(
      join(folder, `${id}.json`),
      mine.replaceAll(/(?<!:) \d{2,5}(?=\\n|")/g, () => ` ${own()}`),
      { mode: 0o600 },
    );
    for (const ending of BESIDE) await writeFile(join(folder, `${id}.${ending}`), "{}", { mode: 0o600 });
  }
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
