import type { NODES } from "../hostile-values/node-kinds.ts";
import type { SHAPES } from "../hostile-values/hostile-shapes.ts";

/** What a taken cell does while the host waits for a call into it. Plain JSON: the host sends it as the program's source. */
export interface Script {
  readonly steps: readonly Step[];
  /** Whether the call is answered at last, as a cell of ours would: after it the same cell can play another script. */
  readonly answers: boolean;
}

/** The channel on which a cell waits for its verdict, or the other one. */
export type ChannelName = "sync" | "async";

export type Step =
  | {
      readonly do: "frames";
      readonly channel: ChannelName;
      readonly kind: number;
      readonly id: Id;
      readonly body: Body;
      readonly times: number;
      /** A byte of the frame that is another one, head included. */
      readonly flip?: readonly [at: number, xor: number];
    }
  | { readonly do: "bytes"; readonly channel: ChannelName; readonly hex: string }
  /** A head that promises more than follows. */
  | {
      readonly do: "half";
      readonly channel: ChannelName;
      readonly kind: number;
      readonly promised: number;
      readonly given: number;
    }
  | { readonly do: "close"; readonly channel: ChannelName }
  /** Reads nothing more. */
  | { readonly do: "deafen"; readonly channel: ChannelName }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "exit" };

/** The id of a frame: of the call that is played in, one beside it, the next request's, or any number. */
export type Id =
  | { readonly of: "call"; readonly plus: number }
  | { readonly of: "request" }
  | { readonly of: "any"; readonly id: number };

export type Body =
  | { readonly is: "json"; readonly value: unknown }
  | { readonly is: "text"; readonly text: string; readonly times: number }
  | { readonly is: "hex"; readonly hex: string }
  | { readonly is: "zeros"; readonly length: number }
  /** A console line, or a failure, as cells of ours write them. */
  | { readonly is: "line"; readonly level: number; readonly text: string }
  | { readonly is: "failure"; readonly texts: readonly string[] }
  /** A request that a guard could make, of the call that is played in. */
  | { readonly is: "request"; readonly c: string; readonly o: string; readonly t: string }
  /** A call of a tool: its number is the next one, or any; its argument the bytes of another body. */
  | { readonly is: "tool"; readonly name: string; readonly given: Body; readonly number?: number }
  | { readonly is: "nodes"; readonly kind: keyof typeof NODES; readonly n: number }
  | { readonly is: "shape"; readonly kind: keyof typeof SHAPES; readonly n: number };

/** How a script stands in a program's source: found again whatever the frame around it looks like. */
export function asSource(script: Script): string {
  return `"@script:${Buffer.from(JSON.stringify(script)).toString("hex")}@"`;
}

export function fromFrame(body: Buffer): Script | undefined {
  const hex = /@script:([0-9a-f]+)@/.exec(body.toString("latin1"))?.[1];
  return hex === undefined
    ? undefined
    : (JSON.parse(Buffer.from(hex, "hex").toString("utf8")) as Script);
}
