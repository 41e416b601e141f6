import { parseScenario } from "./load-scenario.js";
import { type Provider, startProvider } from "./start-provider.js";

const open: Provider[] = [];

/** Closes what {@link providerFor} started; belongs into `afterEach`. */
export async function closeProviders(): Promise<void> {
  for (const provider of open.splice(0)) await provider.close();
}

/** A provider for a scenario of which only the fields that matter are given. */
export async function providerFor(
  scenario: object,
  options: { readonly strangers?: ReadonlySet<string> } = {},
): Promise<Provider> {
  const whole = { name: "test", description: "A test's own.", prompts: ["hello"], ...scenario };
  const provider = await startProvider(parseScenario(JSON.stringify(whole), "test"), {
    workdir: "/the/workdir",
    ...options,
  });
  open.push(provider);
  return provider;
}

/** The same with these replies in its only lane. */
export const replying = (...replies: object[]) => providerFor({ lanes: [{ name: "main", replies }] });

/** Asks as a client would; `path` chooses the protocol, all else goes into the body. */
export function ask(
  provider: Provider,
  { path: route = "/v1/chat/completions", ...body }: Record<string, unknown> = {},
) {
  const whole = { model: "m1", messages: [{ role: "user", content: "hello" }], stream: true, ...body };
  return fetch(`${provider.url}${route}`, { method: "POST", body: JSON.stringify(whole) });
}
