import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { shapeOf } from "../hostile-values/hostile-shapes.ts";
import { arrayOf, nodeOf } from "../hostile-values/node-kinds.ts";
import { WireWriter } from "../hostile-values/wire-writer.ts";
import { type Body, type ChannelName, fromFrame, type Script, type Step } from "./script.ts";

/** Length, kind and id, as in frames.ts: a taken cell writes them itself. */
const HEAD_BYTES = 9;
const READY = 16;
const RESULT = 18;

/** Most bytes that one step writes: what it repeats is cut there. */
const MAX_STEP_BYTES = 8 * 1024 * 1024;
/** How long a step waits for the host to read, milliseconds: a host may leave a flood unread for as long as it likes. */
const MAX_STEP_MS = 100;

/** Plays what the host's frames ask for, on the channels of one cell. */
export class Player {
  readonly #channels: Readonly<Record<ChannelName, Duplex>>;
  readonly #exit: () => void;
  #unread: Buffer = Buffer.alloc(0);
  readonly #requests = { sync: 0, async: 0 };
  #tools = 0;
  #playing: Promise<void> = Promise.resolve();

  constructor(channels: Readonly<Record<ChannelName, Duplex>>, exit: () => void) {
    this.#channels = channels;
    this.#exit = exit;
    for (const stream of Object.values(channels)) stream.on("error", () => stream.destroy());
    channels.sync.resume();
    channels.async.on("data", (chunk: Buffer) => this.#read(chunk));
    channels.async.write(frameOf(READY, 0, Buffer.from("{}")));
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#unread.readUInt32LE(0);
      if (this.#unread.length < end) return;
      const call = this.#unread.readUInt32LE(5);
      const script = fromFrame(this.#unread.subarray(HEAD_BYTES, end));
      this.#unread = this.#unread.subarray(end);
      if (script !== undefined)
        this.#playing = this.#playing.then(async () => await this.#play(script, call));
    }
  }

  async #play({ steps, answers }: Script, call: number): Promise<void> {
    for (const step of steps) await this.#step(step, call);
    if (answers)
      await this.#write("async", frameOf(RESULT, call, new WireWriter().int32(42).bytes()));
  }

  async #step(step: Step, call: number): Promise<void> {
    switch (step.do) {
      case "frames":
        await this.#write(step.channel, this.#frames(step, call));
        break;
      case "bytes":
        await this.#write(step.channel, Buffer.from(step.hex, "hex"));
        break;
      case "half": {
        const frame = frameOf(step.kind, call, Buffer.alloc(step.given));
        frame.writeUInt32LE(step.promised, 0);
        await this.#write(step.channel, frame);
        break;
      }
      case "close":
        this.#channels[step.channel].destroy();
        break;
      case "deafen":
        this.#channels[step.channel].pause();
        break;
      case "wait":
        await sleep(step.ms);
        break;
      case "exit":
        this.#exit();
        break;
    }
  }

  #frames(step: Extract<Step, { do: "frames" }>, call: number): Buffer {
    const body = bodyOf(step.body, call);
    const times = Math.max(
      1,
      Math.min(step.times, Math.floor(MAX_STEP_BYTES / (body.length + HEAD_BYTES))),
    );
    const one = frameOf(step.kind, 0, body);
    const all = Buffer.allocUnsafe(one.length * times);
    for (let index = 0; index < times; index++) {
      one.writeUInt32LE(this.#id(step, call), 5);
      if (step.body.is === "tool" && step.body.number === undefined)
        one.writeUInt32LE(++this.#tools, HEAD_BYTES);
      if (step.flip === undefined) all.set(one, index * one.length);
      else {
        const flipped = Buffer.from(one);
        const at = step.flip[0] % one.length;
        flipped[at] = (flipped[at] ?? 0) ^ step.flip[1];
        all.set(flipped, index * one.length);
      }
    }
    return all;
  }

  #id({ id, channel }: Extract<Step, { do: "frames" }>, call: number): number {
    switch (id.of) {
      case "call":
        return (call + id.plus) >>> 0;
      case "request":
        this.#requests[channel] += 1;
        return this.#requests[channel];
      case "any":
        return id.id;
    }
  }

  async #write(name: ChannelName, bytes: Buffer): Promise<void> {
    const channel = this.#channels[name];
    if (channel.destroyed) return;
    await Promise.race([
      new Promise<void>((resolve) => {
        channel.write(bytes, () => resolve());
      }),
      sleep(MAX_STEP_MS),
    ]);
  }
}

function bodyOf(body: Body, call: number): Buffer {
  switch (body.is) {
    case "json":
      return Buffer.from(JSON.stringify(body.value) ?? "null");
    case "text":
      return Buffer.from(body.text.repeat(body.times));
    case "hex":
      return Buffer.from(body.hex, "hex");
    case "zeros":
      return Buffer.alloc(body.length);
    case "line":
      return Buffer.from(String.fromCharCode(body.level) + body.text);
    case "failure":
      return Buffer.concat(body.texts.map(afterItsLength));
    case "request":
      return Buffer.from(JSON.stringify({ c: body.c, o: body.o, t: body.t, x: call }));
    case "tool": {
      const name = Buffer.from(body.name);
      const head = Buffer.alloc(5);
      head.writeUInt32LE(body.number ?? 0, 0);
      head.writeUInt8(name.length, 4);
      return Buffer.concat([head, name, bodyOf(body.given, call)]);
    }
    case "nodes":
      return remembered(`${body.kind} ${body.n}`, () => arrayOf(nodeOf(body.kind), body.n));
    case "shape":
      return remembered(`${body.kind} ${body.n}`, () => shapeOf(body.kind)(body.n));
  }
}

function afterItsLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The newest bodies: to make one again takes longer than to send it. */
const made = new Map<string, Buffer>();

function remembered(name: string, make: () => Buffer): Buffer {
  const known = made.get(name);
  if (known !== undefined) return known;
  if (made.size >= 64) made.clear();
  const bytes = make();
  made.set(name, bytes);
  return bytes;
}

function frameOf(kind: number, id: number, body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + body.length);
  frame.writeUInt32LE(body.length, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32LE(id, 5);
  frame.set(body, HEAD_BYTES);
  return frame;
}
