# SPDX-License-Identifier: MIT
# `cpack` makes one .deb of all that is installed.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fermata)
set(CPACK_PACKAGE_VENDOR "The Fermata developers")
set(CPACK_PACKAGE_CONTACT "The Fermata developers <maintainers@fermata.invalid>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION otherosfs)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "qemu-system-x86 | qemu-system-arm | qemu-system-misc | qemu-system")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "stock QEMU in lockstep with a simulator")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Fermata holds an emulated computer's virtual clock until an external simulator
says go. It runs a stock QEMU with a real guest in lockstep with a simulator
that grants it virtual time, over the wire that existing simulators speak.
.
This package has the programs fermata and fermata-qemu, the agent that QEMU
loads, and the C++ library with its headers.")
include(CPack)
