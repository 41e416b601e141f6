import { parseScenario } from "../../test/provider/load-scenario.js";
import type { Scenario } from "../../test/provider/scenario.js";

/** The files of a small project, and what the scripted model says of each. */
export const MODULES = [
  {
    name: "invoice",
    code: "export const total = (lines) => lines.reduce((sum, one) => sum + one.price, 0);",
  },
  { name: "discount", code: "export const discounted = (price, percent) => price * (1 - percent / 100);" },
  { name: "tax", code: "export const withTax = (price, rate) => price * (1 + rate);" },
  { name: "customer", code: "export const fullName = ({ first, last }) => [first, last].join(' ');" },
  { name: "address", code: "export const label = ({ street, city }) => [street, city].join(', ');" },
  { name: "delivery", code: "export const days = (country) => (country === 'home' ? 2 : 5);" },
  { name: "refund", code: "export const refund = (paid, kept) => Math.max(0, paid - kept);" },
  { name: "stock", code: "export const isLow = (count) => count < 10;" },
] as const;

export function promptOf(name: string): string {
  return `Read src/${name}.js and say in one sentence what it is for.`;
}

/** A task may be begun several times, since its worker is killed: the model goes on answering. */
const TIMES = 6;

/** So slow that a person can watch it. */
const SLOW = { delayMs: 300, firstChunkMs: 400, chunkMs: 200 };

/**
 * For each file a model that looks at it and then says what it does.
 *
 * @param pace how fast it answers, ms
 */
export function fleetScenario(pace: typeof SLOW = SLOW): Scenario {
  const lanes = MODULES.map(({ name, code }) => {
    const look = { command: `cat src/${name}.js`, description: `Shows src/${name}.js` };
    const replies = [
      {
        ...pace,
        reasoning: "I have to see the file first.",
        toolCalls: [{ name: "bash", arguments: look }],
        usage: { input: 9_200, cached: 0, output: 60, reasoning: 12 },
      },
      {
        ...pace,
        text: `src/${name}.js exports \`${/const (\w+)/.exec(code)?.[1] ?? name}\`, which the shop's ${name} needs.`,
        usage: { input: 9_340, cached: 9_088, output: 30 },
      },
    ];
    return { name, match: `src/${name}.js`, replies: Array.from({ length: TIMES }, () => replies).flat() };
  });
  const files = Object.fromEntries(MODULES.map(({ name, code }) => [`src/${name}.js`, `${code}\n`]));
  const scenario = {
    name: "fleet",
    description: "Eight questions about eight files, as often as they are asked.",
    files,
    prompts: MODULES.map(({ name }) => promptOf(name)),
    lanes,
  };
  return parseScenario(JSON.stringify(scenario), "examples/fleet/scenario.ts");
}
