// SPDX-License-Identifier: MIT
#include "fermata/trace/sink.hpp"

#include <cerrno>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::trace {

TextFileSink::TextFileSink(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "we")) {
  if (file_ == nullptr) {
    throw base::host_error("write the trace " + path_, errno);
  }
}

void TextFileSink::write(const Record& record) {
  base::expects(file_ != nullptr, "TextFileSink: not closed");
  const std::string line = to_line(record) + '\n';
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) {
    throw base::host_error("write the trace " + path_, errno);
  }
}

void TextFileSink::close() {
  if (file_ != nullptr && std::fclose(file_.release()) != 0) {
    throw base::host_error("write the trace " + path_, errno);
  }
}

}  // namespace fermata::trace
