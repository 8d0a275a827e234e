// Canaries: in the very process that becomes the cell, each class of what must be refused is tried before the exec. What is refused here
// stays refused: the exec keeps the Landlock domain, the filter and the lack of privileges.
#pragma once

#include "plan.h"

/** Fails with the name of the first class that was not refused as it must be. */
void try_canaries(const struct plan *plan);
