// Makes timers and files answer late now and then, as on a machine that is busy, and in an order of its own for each
// seed. For finding tests that fail by chance, and orders of events that the program does not foresee:
//
//   LATE_SEED=3 NODE_OPTIONS="--import $PWD/test/support/late.mjs" npx vitest run
//
// Processes that the tests start are late too, where they run on Node.js and get the tests' environment.
import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

/** Each may take so much longer, ms, at such a chance. */
const TIMER = { chance: 0.15, most: 60 };
const FILE = { chance: 0.1, most: 40 };

const ASKED = [
  ...["access", "appendFile", "lstat", "mkdir", "open", "readdir", "readFile"],
  ...["realpath", "rename", "rm", "stat", "unlink", "writeFile"],
];

let state = (Number(process.env.LATE_SEED ?? "1") * 2_654_435_761) >>> 0;

function random() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function late({ chance, most }) {
  return random() < chance ? Math.floor(random() * most) : 0;
}

const soon = globalThis.setTimeout;
globalThis.setTimeout = Object.assign(
  (callback, ms = 0, ...rest) => soon(callback, ms + late(TIMER), ...rest),
  // What promisify makes of it.
  soon,
);

const sleep = timers.setTimeout;
timers.setTimeout = (ms = 0, ...rest) => sleep(ms + late(TIMER), ...rest);

async function pause() {
  const ms = late(FILE);
  if (ms > 0) await sleep(ms);
}

for (const name of ASKED) {
  const ask = files[name];
  files[name] = async (...given) => {
    await pause();
    const answer = await ask(...given);
    await pause();
    return answer;
  };
}
syncBuiltinESMExports();
