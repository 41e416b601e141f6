import type { Redis } from "ioredis";
import { z } from "zod";
import { KEY_PREFIX } from "./queue-names.js";

const pauseSchema = z.object({ until: z.number(), code: z.string() }).readonly();

/** A provider that is left alone. */
export interface ProviderPause {
  /** ms since the epoch. */
  readonly until: number;
  /** The code of the error that it is left alone for. */
  readonly code: string;
}

/**
 * Which providers all workers of a queue leave alone, and until when. It stands in Redis and expires by
 * itself.
 */
export interface ProviderPauses {
  /** Leaves providers alone until then; a later time that is known already stays. */
  pause(providers: readonly string[], pause: ProviderPause): Promise<void>;
  /** @param now ms since the epoch */
  of(provider: string, now: number): Promise<ProviderPause | undefined>;
}

export function providerPauses(client: Redis, queue: string): ProviderPauses {
  const keyOf = (provider: string): string => `${KEY_PREFIX}:${queue}:hold:${provider}`;
  const read = async (provider: string): Promise<ProviderPause | undefined> => {
    const text = await client.get(keyOf(provider));
    return text === null ? undefined : pauseOf(text);
  };
  return {
    pause: async (providers, pause) => {
      for (const provider of providers) {
        const known = await read(provider);
        if (known && known.until >= pause.until) continue;
        await client.set(keyOf(provider), JSON.stringify(pause), "PXAT", Math.ceil(pause.until));
      }
    },
    of: async (provider, now) => {
      const known = await read(provider);
      return known && known.until > now ? known : undefined;
    },
  };
}

function pauseOf(text: string): ProviderPause | undefined {
  try {
    return pauseSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
