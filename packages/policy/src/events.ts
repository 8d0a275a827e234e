// Denials and their words, without policies. Nothing here loads a YAML parser: the one in use is CommonJS, which a bundle in the
// form of an ES module cannot load.
export { denialEvent, type DenialInput } from "./event/create-event.ts";
export { DenialEvent, KERNEL_EVIDENCE } from "./event/event.ts";
export { parseDenialEvent } from "./event/parse-event.ts";
export { PolicyAuthError, PolicyError } from "./errors.ts";
export { isCapabilityName } from "./identifier.ts";
export {
  cleanText,
  isCleanText,
  MAX_CELL_LENGTH,
  MAX_DESCRIPTION_LENGTH,
  MAX_EXPLANATION_LENGTH,
  MAX_OWNER_LENGTH,
  MAX_POLICY_NAME_LENGTH,
  MAX_TARGET_LENGTH,
} from "./clean-text.ts";
export { CAPABILITIES, DEFAULT_RULE, DENIAL_REASONS, OPERATIONS, VERDICTS } from "./vocabulary.ts";
