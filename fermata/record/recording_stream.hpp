// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "fermata/record/layout.hpp"
#include "fermata/transport/stream.hpp"

namespace fermata::record {

/// `stream`, which carries link v1, with every message in both directions written to a recording at `path` as well: one
/// received when it is read, one sent just before, so that the file has what the peer has seen. What a write did not
/// take is to be offered again. `end` says whose end of the link it is. The file has everything up to the last grant
/// or report however this process ends, and is whole after `close`. Throws base::Error
/// (host_failure) if it cannot be written; reads, writes and `close` then throw likewise, for a recording with a gap is
/// none. One thread at a time.
[[nodiscard]] std::unique_ptr<transport::Stream> recorded(std::unique_ptr<transport::Stream> stream,
                                                          const std::string& path, End end);

}  // namespace fermata::record
