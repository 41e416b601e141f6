import { spawn } from "node:child_process";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Opens an address, or a file, in the browser that this machine uses for it, and does not wait for it. `BROWSER` names
 * another one, as programs on Linux have it.
 *
 * @param target an address of ours, or the whole path of a file of ours: nothing in it is taken for an option
 * @returns what says why not, and what to do, on two lines; undefined where it was started
 */
export async function openInBrowser(
  target: string,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  if (platform === "linux" && ![env.DISPLAY, env.WAYLAND_DISPLAY, env.BROWSER, env.WSL_DISTRO_NAME].some(Boolean))
    return `There is no display here that a browser could open on.\nOpen ${target} yourself; BROWSER names a program that can.`;
  const tried: string[] = [];
  for (const [program, ...args] of openersOf(env, platform)) {
    if (await starts(program, [...args, target], env)) return undefined;
    tried.push(program);
  }
  return `No browser could be started (tried ${tried.join(", ")}).\nOpen ${target} yourself.`;
}

type Opener = readonly [program: string, ...args: string[]];

/** What opens an address, the first that is there counts. */
export function openersOf(env: Environment, platform: NodeJS.Platform): readonly Opener[] {
  const named = (env.BROWSER ?? "").split(":").filter(Boolean);
  const own = named.map((program): Opener => [program]);
  if (platform === "darwin") return [...own, ["open"]];
  // `start` is the shell's own, which would read signs in an address as its own, too.
  if (platform === "win32") return [["rundll32", "url.dll,FileProtocolHandler"]];
  // In Windows' Linux the browser is Windows' own.
  const windows: readonly Opener[] = env.WSL_DISTRO_NAME ? [["wslview"]] : [];
  return [...own, ...windows, ["xdg-open"], ["gio", "open"], ["sensible-browser"]];
}

/** How long one may take to say that it cannot, ms: an opener that goes on is a browser. */
const PATIENCE_MS = 2_000;

function starts(program: string, args: readonly string[], env: Environment): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "ignore", detached: true, env });
    const timer = setTimeout(() => resolve(true), PATIENCE_MS);
    const over = (isStarted: boolean): void => {
      clearTimeout(timer);
      resolve(isStarted);
    };
    child.on("error", () => over(false));
    child.on("exit", (code) => over(code === 0));
    // A browser outlives looptrace.
    child.unref();
  });
}
