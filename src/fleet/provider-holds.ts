import type { Redis } from "ioredis";
import { z } from "zod";
import { KEY_PREFIX } from "./queue-names.js";

const holdSchema = z.object({ until: z.number(), code: z.string() }).readonly();

/** A provider that is left alone. */
export interface Hold {
  /** ms since the epoch. */
  readonly until: number;
  /** The code of the error that it is left alone for. */
  readonly code: string;
}

/**
 * Which providers all workers of a queue leave alone, and until when. It stands in Redis and expires by
 * itself.
 */
export interface ProviderHolds {
  /** Leaves providers alone until then; a later time that is known already stays. */
  hold(providers: readonly string[], hold: Hold): Promise<void>;
  /** @param now ms since the epoch */
  of(provider: string, now: number): Promise<Hold | undefined>;
}

export function providerHolds(client: Redis, queue: string): ProviderHolds {
  const keyOf = (provider: string): string => `${KEY_PREFIX}:${queue}:hold:${provider}`;
  const read = async (provider: string): Promise<Hold | undefined> => {
    const text = await client.get(keyOf(provider));
    return text === null ? undefined : holdOf(text);
  };
  return {
    hold: async (providers, hold) => {
      for (const provider of providers) {
        const known = await read(provider);
        if (known && known.until >= hold.until) continue;
        await client.set(keyOf(provider), JSON.stringify(hold), "PXAT", Math.ceil(hold.until));
      }
    },
    of: async (provider, now) => {
      const known = await read(provider);
      return known && known.until > now ? known : undefined;
    },
  };
}

function holdOf(text: string): Hold | undefined {
  try {
    return holdSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
