import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type MovableProxy, movableProxy } from "./movable-proxy.js";
import type { WarmServer } from "./warm-server.js";

/** A directory in which the shared opencode has worked before, and the address at which it asks for a model there. */
interface Place {
  readonly root: string;
  readonly workdir: string;
  readonly proxy: MovableProxy;
  /** Of all that had it. */
  readonly sessions: Set<string>;
  /** As it was wanted: the same can be had again. */
  readonly config: string;
  readonly fresh: boolean;
}

export const placeWish = z.object({
  /** opencode's configuration as JSON; `{{workdir}}` and `{{provider}}` stand for what only the place knows. */
  config: z.string(),
  /** One that nobody had before, and nobody gets afterwards. */
  fresh: z.boolean(),
});
export const placeLease = z.object({
  workdir: z.string(),
  configPath: z.string(),
  formerSessions: z.array(z.string()),
});
export const placeAim = z.object({ workdir: z.string(), port: z.number() });
export const placeReturn = z.object({ workdir: z.string() });

/**
 * The directories of the shared opencode. Its first prompt in a directory costs ten times what a later one does, so
 * those who want the same configuration have one after the other the same directory, emptied, and without the sessions
 * of those before.
 */
export interface WarmPlaces {
  lease(wish: z.infer<typeof placeWish>): Promise<z.infer<typeof placeLease>>;
  /** Where the scripted provider of the one who has it now listens. */
  aim(aim: z.infer<typeof placeAim>): Promise<void>;
  giveBack(place: z.infer<typeof placeReturn>): Promise<void>;
  remove(): Promise<void>;
}

export function warmPlaces(server: () => Promise<WarmServer>): WarmPlaces {
  const free: Place[] = [];
  const leased = new Map<string, Place>();
  const ask = async (method: string, path: string, workdir: string): Promise<unknown> => {
    const { url, authorization } = (await server()).settings;
    const asked = new URL(path, url);
    asked.searchParams.set("directory", workdir);
    const answer = await fetch(asked, { method, headers: { authorization } });
    return await answer.json().catch(() => undefined);
  };
  const of = (workdir: string): Place => {
    const place = leased.get(workdir);
    if (!place) throw new Error(`nobody has ${workdir}`);
    return place;
  };
  const forget = async ({ proxy, root, workdir }: Place): Promise<void> => {
    await ask("POST", "/instance/dispose", workdir);
    await proxy.close();
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  return {
    lease: async ({ config, fresh }) => {
      await server();
      const index = fresh ? -1 : free.findIndex((place) => place.config === config);
      const [used] = index < 0 ? [] : free.splice(index, 1);
      const place = used ?? (await makePlace(config, fresh));
      leased.set(place.workdir, place);
      return {
        workdir: place.workdir,
        configPath: join(place.root, "opencode.json"),
        formerSessions: [...place.sessions],
      };
    },
    aim: async ({ workdir, port }) => of(workdir).proxy.aim(port),
    giveBack: async ({ workdir }) => {
      const place = of(workdir);
      leased.delete(workdir);
      if (place.fresh) return await forget(place);
      const sessions = z.array(z.object({ id: z.string() }));
      for (const { id } of sessions.parse(await ask("GET", "/session?limit=1000", workdir))) {
        place.sessions.add(id);
        // What it is still at work on comes to its end before there is nothing of it any more.
        await ask("POST", `/session/${id}/abort`, workdir);
        await ask("DELETE", `/session/${id}`, workdir);
      }
      await place.proxy.release();
      for (const name of await readdir(workdir)) await rm(join(workdir, name), { recursive: true, force: true });
      free.push(place);
    },
    remove: async () => {
      for (const { proxy, root } of [...free, ...leased.values()]) {
        await proxy.close();
        await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      }
    },
  };
}

async function makePlace(config: string, fresh: boolean): Promise<Place> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "warm-place-")));
  const workdir = join(root, "work");
  await mkdir(workdir);
  const proxy = await movableProxy();
  // opencode looks for it in the folders above, too; in the directory itself it would be among the agent's files.
  const text = config.replaceAll("{{workdir}}", workdir).replaceAll("{{provider}}", proxy.url);
  await writeFile(join(root, "opencode.json"), text);
  return { root, workdir, proxy, sessions: new Set(), config, fresh };
}
