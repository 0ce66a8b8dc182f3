#ifndef PENSTOCK_BENCH_SCALE_FILLED_STORE_H_
#define PENSTOCK_BENCH_SCALE_FILLED_STORE_H_

#include <memory>
#include <string>

#include "server/store/session_store.h"

namespace penstock::bench {

// The real store, in a file of its own, with sessions in it.
class FilledStore {
 public:
  // A new store in the empty folder `folder` with `count` open sessions, each with an upload.
  // Aborts the program where that fails, as all of the functions here do.
  FilledStore(const std::string& folder, int count);

  SessionStore& store() { return *store_; }
  int count() const { return count_; }

  // Adds one more session, with the next number.
  void Add();

  static SessionKey KeyOf(int number);

  // Claims a session, as an `open` does that resumes.
  StoreAnswer Claim(int number);

  // Commits `rows` parts (at most 1,000) at the end of the ledger of a session that was just
  // claimed or committed: `last` is that answer.
  StoreAnswer Commit(int number, const StoreAnswer& last, int rows);

  // Reads a session.
  void Get(int number);

  // Reads a page of at most 100 sessions; returns the token of the next, empty after the last one.
  std::string ListPage(const std::string& page_token);

  // Closes the store and opens its file again.
  void Reopen();

 private:
  void Open();
  void Fill(int first, int last);

  const std::string path_;
  std::unique_ptr<SessionStore> store_;
  int count_;
  int claims_ = 0;
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SCALE_FILLED_STORE_H_
