// SPDX-License-Identifier: MIT
// What every logger under test is asked for, whatever its own interface looks like.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// How the logger is to be set up.
struct setup {
  std::string config;  ///< one of the adapter's own configurations
  std::string path;    ///< file that it writes to
  bool json = false;   ///< lines of JSON, else text
  bool wait = true;    ///< a full queue makes the caller wait, where the logger can; else its default
  /// Where set, records go to a sink that does nothing but this with each; only for adapters with `custom_sink`.
  void (*sink)() = nullptr;
  /// Beside the file a sink that hangs, one that throws and one that takes 3 ms a record; only for adapters with
  /// `neighbours`.
  bool bad_neighbours = false;
};

/// The same values for everybody. The quote is there because an escaper has to look for it.
struct values {
  std::string user = "user-00012345";                       // 13 characters
  std::string path = "/api/v1/orders/8812/items/17";        // 28
  std::string text = "the quick brown fox jumps over the";  // 34 and the end's digit
};

}  // namespace bench

/* An adapter's header, adapters/<name>.hpp, has

   namespace bench {
   class adapter {
    public:
     static constexpr std::string_view name;
     static std::string version();
     static constexpr std::array configs;     // names, the first the logger's best
     static constexpr bool writes_json;
     static constexpr bool custom_sink;
     explicit adapter(setup const&);
     void prepare_thread();                   // what a thread pays once
     void num(std::uint64_t, std::uint64_t, double);
     void str(std::string const&, std::uint64_t, double);
     void json(std::string const&, int, double, std::string const&);
     void flush();                            // returns when everything is in the file
     // Only where there can be several sinks:
     static constexpr bool neighbours = true;
     std::uint64_t in_file() const;           // records that the file has got
     void let_neighbours_go();                // they hold up the end no more
   };
   }
*/
