// Makes the resource `item`, in C++ with its standard library.
// Build: node manifests/build.ts stock-maker
#include <cstdlib>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>

#include "stock_maker.h"

struct exports_weft_test_stock_stock_item_t {
  std::string name;
  uint32_t count;

  static inline uint32_t live = 0;

  exports_weft_test_stock_stock_item_t(std::string name, uint32_t count)
      : name(std::move(name)), count(count) {
    live++;
  }
  ~exports_weft_test_stock_stock_item_t() { live--; }
};

using Item = exports_weft_test_stock_stock_item_t;
using Own = exports_weft_test_stock_stock_own_item_t;

static std::string text(stock_maker_string_t *from) {
  std::string made(reinterpret_cast<const char *>(from->ptr), from->len);
  stock_maker_string_free(from);
  return made;
}

static void give(std::string_view text, stock_maker_string_t *to) {
  stock_maker_string_dup_n(to, text.data(), text.size());
}

static Item *rep(Own own) { return exports_weft_test_stock_stock_item_rep(own); }

Own exports_weft_test_stock_stock_constructor_item(stock_maker_string_t *name, uint32_t count) {
  return exports_weft_test_stock_stock_item_new(new Item(text(name), count));
}

void exports_weft_test_stock_stock_item_destructor(Item *item) { delete item; }

void exports_weft_test_stock_stock_method_item_name(Item *self, stock_maker_string_t *result) {
  give(self->name, result);
}

uint32_t exports_weft_test_stock_stock_method_item_count(Item *self) { return self->count; }

bool exports_weft_test_stock_stock_method_item_take(Item *self, uint32_t count, uint32_t *left,
                                                    stock_maker_string_t *error) {
  if (count > self->count) {
    give("only " + std::to_string(self->count) + " of " + self->name, error);
    return false;
  }
  *left = self->count -= count;
  return true;
}

Own exports_weft_test_stock_stock_static_item_merge(Own a, Own b) {
  rep(a)->name += "+" + rep(b)->name;
  rep(a)->count += rep(b)->count;
  exports_weft_test_stock_stock_item_drop_own(b);
  return a;
}

uint32_t exports_weft_test_stock_stock_static_item_live(void) { return Item::live; }

uint64_t exports_weft_test_stock_stock_total(exports_weft_test_stock_stock_list_borrow_item_t *items) {
  std::span all(items->ptr, items->len);
  auto sum = std::accumulate(all.begin(), all.end(), uint64_t{0},
                             [](uint64_t sum, const Item *item) { return sum + item->count; });
  exports_weft_test_stock_stock_list_borrow_item_free(items);
  return sum;
}

bool exports_weft_test_stock_stock_pick(exports_weft_test_stock_stock_list_own_item_t *items,
                                        stock_maker_string_t *name, Own *picked) {
  auto wanted = text(name);
  bool found = false;
  for (auto item : std::span(items->ptr, items->len)) {
    if (!found && rep(item)->name == wanted) {
      *picked = item;
      found = true;
    } else {
      exports_weft_test_stock_stock_item_drop_own(item);
    }
  }
  free(items->ptr);
  return found;
}

[[gnu::noinline]] static void count_below_zero(Item *item) {
  if (item->count == 0) __builtin_trap();
}

void exports_weft_test_stock_stock_check(Item *item) { count_below_zero(item); }
