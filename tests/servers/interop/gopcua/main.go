// A gopcua server for the interoperation tests: fixed variables, values and times as told on standard input.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gopcua/opcua/server"
	"github.com/gopcua/opcua/ua"
)

const epochSeconds = 11644473600

var zeros = map[string]any{
	"double": float64(0), "float": float32(0), "int32": int32(0), "uint16": uint16(0), "bool": false, "text": "",
}

func parse(name, text string) any {
	number, _ := strconv.ParseFloat(text, 64)
	switch name {
	case "double":
		return number
	case "float":
		return float32(number)
	case "int32":
		return int32(number)
	case "uint16":
		return uint16(number)
	case "bool":
		return text == "true"
	}
	return text
}

func moment(ticks string) time.Time {
	count, _ := strconv.ParseInt(ticks, 10, 64)
	return time.Unix(count/10000000-epochSeconds, count%10000000*100).UTC()
}

func main() {
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	opc := server.New(
		server.EndPoint("127.0.0.1", port),
		server.EnableSecurity("None", ua.MessageSecurityModeNone),
		server.EnableAuthMode(ua.UserTokenTypeAnonymous),
	)
	space := server.NewNodeNameSpace(opc, "urn:ovoo:test:plant")
	root, _ := opc.Namespace(0)
	folder := space.Objects()
	root.Objects().AddRef(folder, 35, true)
	nodes := map[string]*server.Node{}
	for name, zero := range zeros {
		nodes[name] = space.AddNewVariableStringNode(name, zero)
		folder.AddRef(nodes[name], 47, true)
	}
	if err := opc.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		part := strings.SplitN(lines.Text(), " ", 6)
		status, _ := strconv.ParseUint(part[2], 16, 32)
		value := &ua.DataValue{
			EncodingMask: ua.DataValueValue | ua.DataValueStatusCode | ua.DataValueSourceTimestamp |
				ua.DataValueServerTimestamp,
			Value:           ua.MustVariant(parse(part[1], part[5])),
			Status:          ua.StatusCode(status),
			SourceTimestamp: moment(part[3]),
			ServerTimestamp: moment(part[4]),
		}
		nodes[part[1]].SetAttribute(ua.AttributeIDValue, value)
		space.ChangeNotification(nodes[part[1]].ID())
		fmt.Println("wrote")
	}
}
