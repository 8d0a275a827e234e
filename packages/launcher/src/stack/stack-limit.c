// An addon that a cell loads before all else: it gives the cell's own JavaScript twice V8's default of stack, and leaves the default
// for the guest's isolate. Node's --stack-size does the same for both, but while a V8 flag differs from Node's build, V8 compiles
// each of Node's own modules anew: 5 ms of each cell's start.
#include <stdint.h>

// V8's public C++ interface by its symbols, which every Node exports: v8::Isolate::GetCurrent() and v8::Isolate::SetStackLimit(). So
// no header of one version of V8 is needed, and no C++ library.
extern void *_ZN2v87Isolate10GetCurrentEv(void);
extern void _ZN2v87Isolate13SetStackLimitEm(void *isolate, uintptr_t limit);

// CELL_STACK_KIB of packages/sandbox-core/src/stack-sizes.ts.
#define CELL_STACK_BYTES (1968UL * 1024)

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) {
  return 8;
}

__attribute__((visibility("default"))) void *napi_register_module_v1(void *env, void *exports) {
  (void)env;
  char here;
  _ZN2v87Isolate13SetStackLimitEm(_ZN2v87Isolate10GetCurrentEv(), (uintptr_t)&here - CELL_STACK_BYTES);
  return exports;
}
