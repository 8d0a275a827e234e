import type { Body, ChannelName, Script, Step } from "../script.ts";

const CALL = { of: "call", plus: 0 } as const;

/** A taken cell that does these steps and then answers, as a cell of ours would. */
export function taken(...steps: readonly Step[]): Script {
  return { steps, answers: true };
}

/** A taken cell that does these steps and never answers. */
export function silent(...steps: readonly Step[]): Script {
  return { steps, answers: false };
}

export function result(body: Body, times = 1): Step {
  return frames("async", 18, body, times);
}

export function failure(body: Body, times = 1): Step {
  return frames("async", 19, body, times);
}

export function line(body: Body, times = 1): Step {
  return frames("async", 20, body, times);
}

export function message(body: Body, times = 1): Step {
  return frames("async", 21, body, times);
}

/** Requests, each with the number of its own that cells of ours give it. */
export function requests(
  channel: ChannelName,
  [c, o, t]: readonly [string, string, string],
  times: number,
): Step {
  const body = { is: "request", c, o, t } as const;
  return { do: "frames", channel, kind: 17, id: { of: "request" }, body, times };
}

export function frames(channel: ChannelName, kind: number, body: Body, times: number): Step {
  return { do: "frames", channel, kind, id: CALL, body, times };
}

export function shape(kind: string, n: number): Body {
  return { is: "shape", kind, n };
}

export function nodes(kind: string, n: number): Body {
  return { is: "nodes", kind, n };
}

export function jsonOf(value: unknown): Body {
  return { is: "json", value };
}

export function hex(text: string): Body {
  return { is: "hex", hex: text };
}
