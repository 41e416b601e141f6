import type { DestinationInfo } from "./destinations/destination.js";
import type { RequestKind } from "./queue/request-kind.js";

/** What a delivery to one destination is at. */
export type DeliveryProgress =
  | {
      /** A request goes out now. */
      readonly kind: "sending";
      readonly destination: DestinationInfo;
      /** What is sent: spans come first. */
      readonly what: RequestKind;
      /** Items of that kind that are through, of all that are to be delivered now. */
      readonly done: number;
      readonly items: number;
    }
  | {
      /** The destination did not take what was sent, and gets a pause. */
      readonly kind: "waiting";
      readonly destination: DestinationInfo;
      /** What went wrong last, one line. */
      readonly reason: string;
      /** How often it failed in a row. */
      readonly failures: number;
      readonly waitMs: number;
      /** After how long nothing more is sent at the latest. */
      readonly leftMs: number;
    }
  | {
      /** Another process is sending there, and is waited for. */
      readonly kind: "queued";
      readonly destination: DestinationInfo;
    };
