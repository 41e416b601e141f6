/** How often trends are told of where there are none, and how often those that there are: `npm run simulate:trends`. */
import { history, trendsIn } from "./made-histories.js";

const HISTORIES = Number(process.argv[2] ?? 1000);

function share(name: string, change: Parameters<typeof history>[1], counts: (found: string) => boolean): void {
  let speaking = 0;
  for (let seed = 0; seed < HISTORIES; seed += 1) {
    const { found } = trendsIn(history(seed, change));
    if (found.some((trend) => counts(`${trend.of} ${trend.name} ${trend.measure}`))) speaking += 1;
  }
  console.log(`${name.padEnd(44)} ${((100 * speaking) / HISTORIES).toFixed(1)} % of ${HISTORIES} histories`);
}

share("nothing has changed: something is told", {}, () => true);
share("a third of the turns, nothing changed", { share: 0.33 }, () => true);
for (const factor of [1.25, 1.5, 2, 3])
  share(`bash takes ${factor} times as long: told`, { bash: factor }, (found) => found === "tool bash time");
for (const factor of [1.5, 2])
  share(`a model costs ${factor} times as much: told`, { cost: factor }, (found) => found === "model acme/large cost");
