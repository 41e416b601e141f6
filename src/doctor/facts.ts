import type { DestinationProbe } from "../deliver/destinations/probe-destination.js";
import type { StoreFacts } from "../deliver/queue/inspect-store.js";
import type { WirePlugin } from "../opencode/program.js";
import type { WarmSurvey } from "../opencode/server.js";

/** What is known about the opencode that looptrace would start. */
export type OpenCodeFacts =
  | {
      readonly kind: "missing";
      readonly problem: string;
      /** The places that were looked at, each with what was there. */
      readonly looked: readonly string[];
    }
  | {
      readonly kind: "found";
      readonly path: string;
      /** What named it, or where it was found. */
      readonly from: string;
      /** Null when it prints none. */
      readonly version: string | null;
      /** Why there is no version; null when there is one. */
      readonly problem: string | null;
      /** Those that were found before it and not taken, as others may have put them there; each with why. */
      readonly passedOver: readonly string[];
      /** The first of the other generation, where the machine has both. */
      readonly other?: { readonly path: string; readonly version: string } | undefined;
    };

/** What was found out about a machine and its settings, before it is judged. */
export interface DoctorFacts {
  readonly looptrace: string;
  readonly node: {
    readonly version: string;
    /** As package.json has it: `>=20.19`. */
    readonly wanted: string;
  };
  readonly opencode: OpenCodeFacts;
  /** Where ripgrep is; undefined when there is none that opencode would find. */
  readonly ripgrep: string | undefined;
  readonly configuration: ConfigurationFacts;
  /** Those that are configured, each with its answer. */
  readonly destinations: readonly DestinationProbe[];
  /** What of the configured destinations cannot work, each a sentence or more with what to do. */
  readonly destinationProblems: readonly string[];
  /** The variables that switch off what would be configured otherwise. */
  readonly switchedOff: readonly string[];
  /** Whether one of Langfuse's keys stands in the other one's place. */
  readonly mixedUpKeys: boolean;
  readonly store: StoreFacts;
  readonly wirePlugin: WirePlugin;
  readonly servers: WarmSurvey;
  /** Why no run leaves a server, or uses one, where that is for opencode's configuration: a clause. */
  readonly tooMuchConfiguration: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ConfigurationFacts {
  /** The file that is read; undefined when there is none, or none that can be read. */
  readonly path: string | undefined;
  /** Where it was looked for first. */
  readonly directory: string;
  /** What is wrong with the file or with variables, and what to do; `isTrust`: the user has not agreed to the file. */
  readonly problems: readonly { readonly text: string; readonly isTrust: boolean }[];
  /** A file further up that does not count, why, and how it would. */
  readonly ignored?: { readonly path: string; readonly why: string; readonly advice: string } | undefined;
}
