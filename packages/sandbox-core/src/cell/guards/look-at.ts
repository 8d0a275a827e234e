import { accessSync, closeSync, constants, fstatSync } from "node:fs";

import type { Answer } from "../guest/bridge.ts";
import { byDescriptor, openName } from "../real-path.ts";
import { type Guard, Malformed } from "./guard.ts";
import { pathText } from "./parse-arguments.ts";
import { locateName, mustExist, pathOperation } from "./path-operation.ts";
import { statOf } from "./stat-answer.ts";

const { F_OK, R_OK, W_OK, X_OK } = constants;

export const stat: Guard = ([path]) =>
  pathOperation(path, "stat", ({ place }) => {
    mustExist(place);
    return statOf(fstatSync(place.fd));
  });

/** Looks at a name itself: a symlink is not followed. */
export const lstat: Guard = ([path]) =>
  pathOperation(
    path,
    "lstat",
    ({ place }) => {
      mustExist(place);
      const name = place.missing.at(-1);
      if (name === undefined) return statOf(fstatSync(place.fd));
      const fd = openName(place.fd, name);
      try {
        return statOf(fstatSync(fd));
      } finally {
        closeSync(fd);
      }
    },
    { find: locateName },
  );

/** Asks ordinary permissions, as access(2) does. It says nothing about what the policy allows. */
export const access: Guard = ([path, mode]) => {
  const wanted = mode ?? F_OK;
  if (typeof wanted !== "number" || (wanted & ~(R_OK | W_OK | X_OK)) !== 0)
    throw new Malformed("the mode is not one of access", pathText(path));
  return pathOperation(path, "access", ({ place }) => {
    mustExist(place);
    accessSync(byDescriptor(place.fd), wanted);
    return undefined;
  });
};

/** The real path, which is what the policy has been asked about. */
export const realpath: Guard = ([path], mode) =>
  pathOperation(
    path,
    "realpath",
    ({ place }): Answer => {
      mustExist(place);
      return `v${place.path}`;
    },
    // Node's blocking form looks at each name on the way by itself.
    mode === "sync" ? { lookup: "lstat" } : {},
  );

export const exists: Guard = ([path]) =>
  pathOperation(path, "access", ({ place }) => place.errno === null);
