#ifndef PENSTOCK_EMULATOR_CONTROL_H_
#define PENSTOCK_EMULATOR_CONTROL_H_

// The control endpoint of tests, /-/emulator/ (README.md): faults, journal, state. JSON, unsigned.

#include "emulator/body.h"
#include "emulator/reply.h"
#include "emulator/request.h"
#include "emulator/service.h"

namespace penstock::emulator {

bool IsControlRequest(const Request& request);

// Serves a control request; every error is a status of 4xx and {"error": "..."}.
Reply HandleControl(Service& service, Request& request, Body& body);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_CONTROL_H_
