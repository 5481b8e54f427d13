// SPDX-License-Identifier: MIT
// The interface that every logger under test is adapted to.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// Setup of the logger.
struct setup {
  std::string config;  ///< one of the adapter's own configurations
  std::string path;    ///< file to write to
  bool json = false;   ///< write JSON instead of text
  bool wait = true;    ///< a full queue makes the caller wait, if the logger can; its default otherwise
  /// If set, records go to a sink that only calls this for each record; only for adapters with `custom_sink`.
  void (*sink)() = nullptr;
  /// Adds a sink that hangs, one that throws and one that takes 3 ms per record; only for adapters with
  /// `neighbours`.
  bool bad_neighbours = false;
};

/// The same values for every logger.
struct values {
  std::string user = "user-00012345";                       // 13 characters
  std::string path = "/api/v1/orders/8812/items/17";        // 28
  std::string text = "the quick brown fox jumps over the";  // 34, a digit follows
};

}  // namespace bench

/* An adapter's header, adapters/<name>.hpp, has

   namespace bench {
   class adapter {
    public:
     static constexpr std::string_view name;
     static std::string version();
     static constexpr std::array configs;     // names, the logger's best one first
     static constexpr bool writes_json;
     static constexpr bool custom_sink;
     explicit adapter(setup const&);
     void prepare_thread();                   // the one-time cost of a thread
     void num(std::uint64_t, std::uint64_t, double);
     void str(std::string const&, std::uint64_t, double);
     void json(std::string const&, int, double, std::string const&);
     void flush();                            // returns when everything is in the file
     // Only for loggers with several sinks:
     static constexpr bool neighbours = true;
     std::uint64_t in_file() const;           // records that the file has received
     void let_neighbours_go();                // lets the bad sinks return
   };
   }
*/
