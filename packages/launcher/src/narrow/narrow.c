// An addon that a confined cell loads when its policy has become narrower: it puts one more Landlock layer on threads of the process.
#include "../copies.h"
#include "../landlock.h"
#include "../words.h"
#include "threads.h"

// Node-API by its symbols, which every Node exports: no header is needed.
typedef struct napi_env_ *napi_env;
typedef struct napi_value_ *napi_value;
extern int napi_create_function(napi_env, const char *, size_t, napi_value (*)(napi_env, void *), void *, napi_value *);
extern int napi_get_cb_info(napi_env, void *, size_t *, napi_value *, napi_value *, void **);
extern int napi_get_buffer_info(napi_env, napi_value, void **, size_t *);
extern int napi_create_uint32(napi_env, u32, napi_value *);

#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANONYMOUS 0x22

/** Beside the errno: some threads are restricted and some are not. */
#define HAS_BEGUN 0x10000u

static void *back[5];
static u32 failed_with;

/** What reads plans and makes rulesets for the launcher ends by this. A cell goes on as it was. */
_Noreturn void fail(enum ending ending, const char *what, const char *about, long error) {
  (void)ending, (void)what, (void)about;
  failed_with = error == 0 ? E_INVAL : (u32)error;
  __builtin_longjmp(back, 1);
}

/** The arguments of a plan, each up to a zero, as a list that ends with NULL; its length in bytes, or minus an errno. */
static long listed(char *text, size_t length, char ***list) {
  size_t count = 0;
  for (size_t at = 0; at < length; at++) count += text[at] == 0;
  if (length > 0 && text[length - 1] != 0) return -E_INVAL;
  const size_t bytes = (count + 1) * sizeof **list;
  const long room = call6(__NR_mmap, 0, (long)bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (room < 0) return room;
  *list = (char **)room;
  char *start = text;
  for (size_t at = 0, next = 0; at < length; at++)
    if (text[at] == 0) (*list)[next++] = start, start = text + at + 1;
  return (long)bytes;
}

/** The plan's ruleset, or minus an errno. */
static __attribute__((noinline)) int ruleset_of(char **arguments) {
  static struct plan plan;
  plan = (struct plan){0};
  if (__builtin_setjmp(back) != 0) {
    drop_unfinished_ruleset();
    return -(int)failed_with;
  }
  read_options(&plan, arguments);
  const int ruleset = make_ruleset(&plan);
  return ruleset < 0 ? -E_NOSYS : ruleset;
}

/** `body`: how many threads, their ids, and the plan's options, each up to a zero. All numbers are u32. */
static u32 narrowed(char *body, size_t length) {
  static u32 threads[MAX_THREADS];
  u32 count = 0;
  if (length < sizeof count) return E_INVAL;
  for (size_t at = 0; at < sizeof count; at++) count |= (u32)(u8)body[at] << 8 * at;
  if (count > MAX_THREADS || length - sizeof count < count * sizeof *threads) return E_INVAL;
  for (size_t at = 0; at < count * sizeof *threads; at++)
    ((char *)threads)[at] = body[sizeof count + at];
  const size_t head = sizeof count + count * sizeof *threads;
  char **arguments;
  const long bytes = listed(body + head, length - head, &arguments);
  if (bytes < 0) return (u32)-bytes;
  const int ruleset = ruleset_of(arguments);
  call2(__NR_munmap, arguments, bytes);
  if (ruleset < 0) return (u32)-ruleset;
  const struct narrowing result = restrict_threads(ruleset, threads, count);
  call1(__NR_close, ruleset);
  return result.error == 0 ? 0 : result.error | (result.has_begun ? HAS_BEGUN : 0);
}

static napi_value narrow(napi_env env, void *info) {
  size_t count = 1;
  napi_value body = NULL, result = NULL;
  void *bytes = NULL;
  size_t length = 0;
  const int is_read = napi_get_cb_info(env, info, &count, &body, NULL, NULL) == 0 && count == 1 &&
                      napi_get_buffer_info(env, body, &bytes, &length) == 0;
  napi_create_uint32(env, is_read ? narrowed(bytes, length) : E_INVAL, &result);
  return result;
}

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) {
  return 8;
}

__attribute__((visibility("default"))) void *napi_register_module_v1(napi_env env, napi_value exports) {
  (void)exports;
  napi_value function = NULL;
  napi_create_function(env, "narrow", 6, narrow, NULL, &function);
  return function;
}
