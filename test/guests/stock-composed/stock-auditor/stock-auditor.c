// Borrows items that another component made, in C.
// Build: node manifests/build.ts stock-auditor
#include "stock_auditor.h"

uint64_t exports_weft_test_stock_audit_count(exports_weft_test_stock_audit_list_borrow_item_t *items) {
  uint64_t sum = 0;
  for (size_t at = 0; at < items->len; at++) {
    sum += weft_test_stock_stock_method_item_count(items->ptr[at]);
    weft_test_stock_stock_item_drop_borrow(items->ptr[at]);
  }
  exports_weft_test_stock_audit_list_borrow_item_free(items);
  return sum;
}

void exports_weft_test_stock_audit_keep(exports_weft_test_stock_audit_borrow_item_t item) { (void)item; }
