import * as cedar from "@cedar-policy/cedar-wasm/nodejs";

import type { Engine, Tenants } from "./engines.ts";

/** Cedar's WASM, its policies parsed once. */
export const CEDAR: Engine = {
  name: "Cedar's WASM",
  decider: async (tenants) => {
    const id = `tenants-${tenants.length}`;
    const parsed = cedar.preparsePolicySet(id, { staticPolicies: policiesOf(tenants) });
    if (parsed.type === "failure") throw new Error(JSON.stringify(parsed.errors));
    return (operation, target) => {
      const answer = cedar.statefulIsAuthorized({
        principal: { type: "Guest", id: "guest" },
        action: { type: "Action", id: operation },
        resource: { type: "File", id: "file" },
        context: { target },
        preparsedPolicySetId: id,
        entities: [],
      });
      if (answer.type === "failure") throw new Error(JSON.stringify(answer.errors));
      return answer.response.decision === "allow";
    };
  },
};

function policiesOf(tenants: Tenants): string {
  const permits = tenants.map(({ prefix, operations }) => {
    const actions = operations.map((operation) => `Action::"${operation}"`).join(", ");
    return `permit(principal, action in [${actions}], resource) when { context.target like "${prefix}*" };`;
  });
  const forbid = 'forbid(principal, action, resource) when { context.target like "*/.env" };';
  return [...permits, forbid].join("\n");
}
